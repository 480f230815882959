import { layout } from "../layout/layout.ts";
import { address, flag, uint } from "../layout/layout-field.ts";

/** Interrupt remapping table address register; in force once SIRTP latches it. */
export const Irta = layout({
  name: "IRTA",
  width: 64,
  fields: {
    s: uint([3, 0], "The table has 2^(S+1) entries."),
    eime: flag(11, "Extended interrupt mode: 32-bit destinations."),
    irta: address([63, 12], "The interrupt remapping table."),
  },
  reserved: [[10, 4]],
});
