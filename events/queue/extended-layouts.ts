import { layout } from "../layout/layout.ts";
import { code, flag, uint } from "../layout/layout-field.ts";
import { addr, am, did, ih, pasid, type, typeHigh } from "./descriptor-field.ts";

/** Codes of a response, in either kind of page response. */
const responses = { success: 0, invalid: 1, failure: 15 } as const;

/**
 * Of version 2.x: forget first-stage translations: of every PASID of a domain-id, of one PASID, or
 * some pages of one. Granularity 0 takes global pages too, and a range does with GL.
 *
 * Source: `QI_EIOTLB_*` of Linux 4.4 to 4.20.
 */
export const ExtendedIotlbDescriptor = layout({
  name: "Extended IOTLB invalidate",
  width: 128,
  fields: {
    type,
    g: code([5, 4], { all: 0, nonGlobal: 1, pasid: 2, page: 3 }, "Granularity."),
    typeHigh,
    did,
    pasid,
    am,
    ih,
    gl: flag(71, "Global pages too; no effect."),
    addr,
  },
  reserved: [
    [8, 6],
    [15, 12],
    [63, 52],
    [75, 72],
  ],
});

/** Of version 2.x: forget PASID entries: those of a domain-id, or one. Source: Linux `QI_PC_*`. */
export const ExtendedPasidCacheDescriptor = layout({
  name: "PASID-cache invalidate of 2.x",
  width: 128,
  fields: {
    type,
    g: code([5, 4], { domain: 0, pasid: 1 }, "Granularity."),
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

/** Of version 2.x: answers a group of page requests. Source: `QI_PGRP_*` of Linux 4.4 to 4.20. */
export const ExtendedGroupResponseDescriptor = layout({
  name: "Page group response of 2.x",
  width: 128,
  fields: {
    type,
    pp: flag(4, "The PASID is valid."),
    typeHigh,
    rid: uint([31, 16], "Source-id of the requester."),
    pasid,
    rc: code([67, 64], responses, "Response."),
    priv: uint([118, 96], "Private data."),
    prgi: uint([127, 119], "Group index."),
  },
  reserved: [
    [8, 5],
    [15, 12],
    [63, 52],
    [95, 68],
  ],
});
