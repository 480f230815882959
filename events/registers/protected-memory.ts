import { layout } from "../layout/layout.ts";
import { address, flag } from "../layout/layout-field.ts";

/** Protected memory enable register. */
export const Pmen = layout({
  name: "PMEN",
  width: 32,
  fields: {
    prs: flag(0, "Protection is in force."),
    epm: flag(31, "Enable the protected memory regions."),
  },
  reserved: [[30, 1]],
});

/**
 * Base and limit of the protected regions. Software finds their granularity by writing ones and
 * reading back. Reading: it is 2 MiB. The bits of a limit below 2 MiB count as ones.
 */
export const Plmbase = layout({
  name: "PLMBASE",
  width: 32,
  fields: { base: address([31, 21], "First byte of the low region.") },
  reserved: [[20, 0]],
});
/** Limit of the low region. */
export const Plmlimit = layout({
  name: "PLMLIMIT",
  width: 32,
  fields: { limit: address([31, 21], "Last 2 MiB of the low region.") },
  reserved: [[20, 0]],
});
/** Base of the high region. */
export const Phmbase = layout({
  name: "PHMBASE",
  width: 64,
  fields: { base: address([63, 21], "First byte of the high region.") },
  reserved: [[20, 0]],
});
/** Limit of the high region. */
export const Phmlimit = layout({
  name: "PHMLIMIT",
  width: 64,
  fields: { limit: address([63, 21], "Last 2 MiB of the high region.") },
  reserved: [[20, 0]],
});
