import { layout } from "../layout/layout.ts";
import { address, flag, uint } from "../layout/layout-field.ts";

/**
 * An entry of the page request queue of version 2.x, 16 bytes, which the unit writes.
 *
 * Source: `struct page_req_dsc` of Linux 4.4 to 4.20; the same of the driver of a fabric of that
 * time (`hfi2`, `at_defs.h`).
 */
export const ExtendedPageRequest = layout({
  name: "Page request of 2.x",
  width: 128,
  fields: {
    srr: flag(0, "The device asks for a page stream response."),
    bof: flag(1, "The first request of a fault."),
    pp: flag(2, "The request has a PASID."),
    lpig: flag(3, "The last of its group."),
    pasid: uint([23, 4], "Process address space id."),
    bus: uint([31, 24], "Bus of the requester."),
    priv: uint([54, 32], "Private data."),
    prgi: uint([63, 55], "Group index."),
    rd: flag(64, "The request asks to read."),
    wr: flag(65, "The request asks to write."),
    exe: flag(66, "The request asks to execute."),
    pmr: flag(67, "The request asks for supervisor rights."),
    devfn: uint([75, 68], "Device and function of the requester."),
    addr: address([127, 76], "The page."),
  },
  reserved: [],
});

/** Bytes of a page request of version 2.x. */
export const extendedPageRequestBytes = 16;
