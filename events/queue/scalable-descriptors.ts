import { layout } from "../layout/layout.ts";
import { code, flag, uint } from "../layout/layout-field.ts";
import {
  addr,
  am,
  did,
  ih,
  pasid,
  pfsidHigh,
  pfsidLow,
  type,
  typeHigh,
} from "./descriptor-field.ts";

/** Forget first-stage translations: all of a PASID, or some pages. */
export const PasidIotlbDescriptor = layout({
  name: "PASID-based IOTLB invalidate",
  width: 128,
  fields: {
    type,
    g: code([5, 4], { pasid: 2, page: 3 }, "Granularity."),
    typeHigh,
    did,
    pasid,
    am,
    ih,
    addr,
  },
  reserved: [
    [8, 6],
    [15, 12],
    [63, 52],
    [75, 71],
  ],
});

/** Forget PASID entries: all, those of a domain-id, or one. */
export const PasidCacheDescriptor = layout({
  name: "PASID-cache invalidate",
  width: 128,
  fields: {
    type,
    g: code([5, 4], { domain: 0, pasid: 1, global: 3 }, "Granularity."),
    typeHigh,
    did,
    pasid,
  },
  reserved: [
    [8, 6],
    [15, 12],
    [127, 52],
  ],
});

/** A device is to forget some pages of a PASID. */
export const PasidDeviceTlbDescriptor = layout({
  name: "PASID-based device TLB invalidate",
  width: 128,
  fields: {
    type,
    qdep: uint([8, 4], "Invalidations that the device can hold."),
    typeHigh,
    pfsidLow,
    sid: uint([31, 16], "Source-id."),
    pasid,
    pfsidHigh,
    g: flag(64, "Global: whatever the PASID is."),
    s: flag(75, "More than one page: the lowest 0 bit of the address says how many."),
    addr,
  },
  reserved: [[74, 65]],
});

/** Answers a group of page requests. */
export const PageGroupResponseDescriptor = layout({
  name: "Page group response",
  width: 128,
  fields: {
    type,
    pp: flag(4, "The PASID is valid."),
    typeHigh,
    rc: code([15, 12], { success: 0, invalid: 1, failure: 15 }, "Response."),
    rid: uint([31, 16], "Source-id of the requester."),
    pasid,
    lpig: flag(66, "The last of its group."),
    prgi: uint([75, 67], "Group index."),
  },
  reserved: [
    [8, 5],
    [63, 52],
    [65, 64],
    [127, 76],
  ],
});

/** Of version 2.x, whose types have 4 bits: the PASID lies where later ones keep type bits 6:4. */
export const PageStreamResponseDescriptor = layout({
  name: "Page stream response",
  width: 128,
  fields: {
    type,
    pasid: uint([23, 4], "Process address space id."),
    bus: uint([31, 24], "Bus of the requester."),
    priv: uint([54, 32], "Private data."),
    idx: uint([63, 55], "Index of the request."),
    rc: code([67, 64], { success: 0, invalid: 1, failure: 15 }, "Response."),
    devfn: uint([75, 68], "Device and function of the requester."),
    addr,
  },
  reserved: [],
});
