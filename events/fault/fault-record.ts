import { layout } from "../layout/layout.ts";
import { address, code, flag, uint } from "../layout/layout-field.ts";

/** Fault recording register, 16 bytes. Everything is read-only but F, which writing 1 clears. */
export const FaultRecord = layout({
  name: "Fault record",
  width: 128,
  fields: {
    fi: address([63, 12], "Page of the request; for interrupts the index in bits 63:48."),
    sid: uint([79, 64], "Source-id of the request."),
    t2: flag(92, "The request was a page request, where T1 is 0."),
    priv: flag(93, "The request asked for supervisor rights."),
    exe: flag(94, "The request asked to execute."),
    pp: flag(95, "The request had a PASID."),
    fr: uint([103, 96], "Fault reason."),
    pv: uint([123, 104], "PASID."),
    at: code([125, 124], { untranslated: 0, translation: 1, translated: 2 }, "Address type."),
    t1: flag(126, "The request was a read."),
    f: flag(127, "The record holds a fault."),
  },
  reserved: [
    [11, 0],
    [91, 80],
  ],
});
