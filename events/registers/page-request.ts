import { layout } from "../layout/layout.ts";
import { address, flag, uint, wide } from "../layout/layout-field.ts";

/** Page request queue head register: the byte offset of the next request that software reads. */
export const Pqh = layout({
  name: "PQH",
  width: 64,
  fields: { pqh: address([18, 5], "Byte offset of the head.") },
  reserved: [
    [4, 0],
    [63, 19],
  ],
});

/** Page request queue tail register: where the unit writes the next request. */
export const Pqt = layout({
  name: "PQT",
  width: 64,
  fields: { pqt: address([18, 5], "Byte offset of the tail.") },
  reserved: [
    [4, 0],
    [63, 19],
  ],
});

/** Page request queue address register. */
export const Pqa = layout({
  name: "PQA",
  width: 64,
  fields: {
    pqs: uint([2, 0], "The queue has 2^PQS pages: 2^(PQS+7) requests of 32 bytes."),
    pqa: address([63, 12], "The queue."),
  },
  reserved: [[11, 3]],
});

/** Page request status register. */
export const Prs = layout({
  name: "PRS",
  width: 32,
  fields: {
    ppr: flag(0, "The queue has a request that software has not acknowledged."),
    pro: flag(1, "A request was dropped because the queue was full; so are all others."),
  },
  reserved: [[31, 2]],
});

/** Page request event: control, data, address, upper address. */
export const Pectl = layout({
  name: "PECTL",
  width: 32,
  fields: { ip: flag(30, "An interrupt is pending."), im: flag(31, "The interrupt is masked.") },
  reserved: [[29, 0]],
});
/** Page request event data register. */
export const Pedata = layout({
  name: "PEDATA",
  width: 32,
  fields: {
    imd: uint([15, 0], "Data of the message."),
    eimd: uint([31, 16], "Upper half of the data; not writable."),
  },
  reserved: [],
});
/** Page request event address register. */
export const Peaddr = layout({
  name: "PEADDR",
  width: 32,
  fields: { ma: address([31, 2], "Address of the message, bits 31:2.") },
  reserved: [[1, 0]],
});
/** Page request event upper address register. */
export const Peuaddr = layout({
  name: "PEUADDR",
  width: 32,
  fields: { mua: wide([31, 0], "Address of the message, bits 63:32.") },
  reserved: [],
});
