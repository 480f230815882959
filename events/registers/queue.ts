import { layout } from "../layout/layout.ts";
import { address, code, flag, uint } from "../layout/layout-field.ts";

/** Invalidation queue head register: the byte offset of the next descriptor to execute. */
export const Iqh = layout({
  name: "IQH",
  width: 64,
  fields: { qh: address([18, 4], "Byte offset of the head.") },
  reserved: [
    [3, 0],
    [63, 19],
  ],
});

/** Invalidation queue tail register: where software writes the next descriptor. */
export const Iqt = layout({
  name: "IQT",
  width: 64,
  fields: { qt: address([18, 4], "Byte offset of the tail.") },
  reserved: [
    [3, 0],
    [63, 19],
  ],
});

/** Invalidation queue address register; latched when the queue is enabled. */
export const Iqa = layout({
  name: "IQA",
  width: 64,
  fields: {
    qs: uint([2, 0], "The queue has 2^QS pages: 2^(QS+8) or, if wide, 2^(QS+7) descriptors."),
    dw: flag(11, "Descriptors have 256 bits rather than 128."),
    iqa: address([63, 12], "The queue."),
  },
  reserved: [[10, 3]],
});

/** Invalidation queue error record register. */
export const Iqercd = layout({
  name: "IQERCD",
  width: 64,
  fields: {
    iqei: code(
      [3, 0],
      { none: 0, tail: 1, fetch: 2, type: 3, reserved: 4, width: 5, alignment: 6, mode: 7 },
      "Why the queue halted.",
    ),
    itesid: uint([47, 32], "Source-id of the device that did not answer."),
    icesid: uint([63, 48], "Source-id of the device that answered wrongly."),
  },
  reserved: [[31, 4]],
});
