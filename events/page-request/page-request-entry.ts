import { layout } from "../layout/layout.ts";
import { address, code, flag, uint, wide } from "../layout/layout-field.ts";

/** An entry of the page request queue, 32 bytes, which the unit writes. */
export const PageRequestEntry = layout({
  name: "Page request",
  width: 256,
  fields: {
    type: code([7, 0], { pageRequest: 1 }, "Type."),
    pp: flag(8, "The request has a PASID."),
    rid: uint([31, 16], "Source-id of the requester."),
    pasid: uint([51, 32], "Process address space id."),
    exe: flag(52, "The request asks to execute."),
    pmr: flag(53, "The request asks for supervisor rights."),
    rd: flag(64, "The request asks to read."),
    wr: flag(65, "The request asks to write."),
    lpig: flag(66, "The last of its group. With neither read nor write: a stop marker."),
    prgi: uint([75, 67], "Group index."),
    addr: address([127, 76], "The page."),
    priv: wide([255, 128], "Private data; 0."),
  },
  reserved: [
    [15, 9],
    [63, 54],
  ],
});

/** Bytes of a page request. */
export const pageRequestBytes = 32;
