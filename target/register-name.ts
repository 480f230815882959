import { hex } from "../events/address.ts";
import { profileOf } from "../events/profile/profile.ts";
import { registersOf } from "../projections/registers/registers.ts";

/** A unit that has every register that QEMU's can have, where QEMU has them. */
const widest = profileOf({ ver: 0x10n, cap: 0x00d2_008c_222f_0686n, ecap: 0xf0_0f4an });

/** A register by its offset: its name, and the byte of it where that is not the first. */
export function registerName(offset: number): string {
  const spec = registersOf(widest).at(offset);
  if (spec === undefined) return `offset ${hex(offset)}`;
  return spec.offset === offset ? spec.name : `${spec.name}+${(offset - spec.offset).toString()}`;
}
