import { layout } from "../layout/layout.ts";
import { address, flag, uint } from "../layout/layout-field.ts";

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

/** The head of version 2.x, whose requests have 16 bytes. */
export const ExtendedPqh = layout({
  name: "PQH",
  width: 64,
  fields: { pqh: address([18, 4], "Byte offset of the head, of requests of 16 bytes.") },
  reserved: [
    [3, 0],
    [63, 19],
  ],
});

/** The tail of version 2.x. */
export const ExtendedPqt = layout({
  name: "PQT",
  width: 64,
  fields: { pqt: address([18, 4], "Byte offset of the tail, of requests of 16 bytes.") },
  reserved: [
    [3, 0],
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
