import { layout } from "../layout/layout.ts";
import { address, code, flag, uint } from "../layout/layout-field.ts";
import { iotlbGranularities } from "../queue/descriptor-field.ts";

/** Invalidate address register: the pages of the next page-selective IOTLB command. Reads as 0. */
export const Iva = layout({
  name: "IVA",
  width: 64,
  fields: {
    am: uint([5, 0], "The command covers 2^AM pages, aligned."),
    ih: flag(6, "Only leaf entries changed."),
    addr: address([63, 12], "The first page."),
  },
  reserved: [[11, 7]],
});

/** IOTLB invalidate register. */
export const Iotlb = layout({
  name: "IOTLB",
  width: 64,
  fields: {
    did: uint([47, 32], "Domain-id."),
    dw: flag(48, "Drain writes first."),
    dr: flag(49, "Drain reads first."),
    iaig: code([58, 57], { none: 0, ...iotlbGranularities }, "The granularity that was used."),
    iirg: code([61, 60], iotlbGranularities, "The granularity asked for."),
    ivt: flag(63, "Invalidate; clear when done."),
  },
  reserved: [
    [31, 0],
    [56, 50],
    [59, 59],
    [62, 62],
  ],
});
