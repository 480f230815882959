import { layout } from "../layout/layout.ts";
import { address, code, flag, uint } from "../layout/layout-field.ts";
import {
  addr,
  am,
  contextGranularities,
  did,
  functionMaskCodes,
  ih,
  iotlbGranularities,
  pfsidHigh,
  pfsidLow,
  type,
  typeHigh,
} from "./descriptor-field.ts";

/** Forget context entries: all, those of a domain-id, or those of a source-id. */
export const ContextCacheDescriptor = layout({
  name: "Context-cache invalidate",
  width: 128,
  fields: {
    type,
    g: code([5, 4], contextGranularities, "Granularity."),
    typeHigh,
    did,
    sid: uint([47, 32], "Source-id."),
    fm: code([49, 48], functionMaskCodes, "Bits of the function number that are not compared."),
  },
  reserved: [
    [8, 6],
    [15, 12],
    [127, 50],
  ],
});

/** Forget translations: all, those of a domain-id, or some pages of one. */
export const IotlbDescriptor = layout({
  name: "IOTLB invalidate",
  width: 128,
  fields: {
    type,
    g: code([5, 4], iotlbGranularities, "Granularity."),
    dw: flag(6, "Drain writes first."),
    dr: flag(7, "Drain reads first."),
    typeHigh,
    did,
    am,
    ih,
    addr,
  },
  reserved: [
    [8, 8],
    [15, 12],
    [63, 32],
    [75, 71],
  ],
});

/** A device is to forget some pages. */
export const DeviceTlbDescriptor = layout({
  name: "Device TLB invalidate",
  width: 128,
  fields: {
    type,
    typeHigh,
    pfsidLow,
    mip: uint([20, 16], "Invalidations that the device can hold."),
    sid: uint([47, 32], "Source-id."),
    pfsidHigh,
    s: flag(64, "More than one page: the lowest 0 bit of the address says how many."),
    addr,
  },
  reserved: [
    [8, 4],
    [31, 21],
    [51, 48],
    [75, 65],
  ],
});

/** Forget interrupt entries: all, or those of some indices. */
export const InterruptEntryDescriptor = layout({
  name: "Interrupt entry cache invalidate",
  width: 128,
  fields: {
    type,
    g: code([4, 4], { global: 0, index: 1 }, "Granularity."),
    typeHigh,
    im: uint([31, 27], "The descriptor covers 2^IM entries, aligned."),
    iidx: uint([47, 32], "Index of the first entry."),
  },
  reserved: [
    [8, 5],
    [26, 12],
    [127, 48],
  ],
});

/** Wait for what was queued before, and tell software. */
export const WaitDescriptor = layout({
  name: "Invalidation wait",
  width: 128,
  fields: {
    type,
    intf: flag(4, "Send the completion interrupt."),
    sw: flag(5, "Write the status word."),
    fn: flag(6, "Later descriptors wait for this one."),
    pd: flag(7, "Drain page requests."),
    typeHigh,
    data: uint([63, 32], "Status word."),
    statusAddr: address([127, 66], "Where the status word goes, 4 bytes."),
  },
  reserved: [
    [8, 8],
    [31, 12],
    [65, 64],
  ],
});
