import { pageOf } from "../events/address.ts";
import type { Input, InputOf } from "../events/input.ts";
import { masksOf } from "../events/layout/layout.ts";
import { Ccmd, Gcmd } from "../events/registers/command.ts";
import { Iotlb } from "../events/registers/iotlb.ts";
import { at, iotlbAt } from "../events/registers/offset.ts";
import type { Setup } from "../events/setup.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import type { Guest } from "../projections/guest.ts";
import { withAllSeen } from "../projections/memory/as-if-flushed.ts";
import { globalStatus, registerValue } from "../projections/registers/registers.ts";
import { find } from "../properties/laws/requests.ts";

/** GCMD bits that ask for something once, and those that say how it is to be. */
const { srtp, sfl, wbf, sirtp, te, eafl, qie, ire, cfi } = masksOf(Gcmd);
const oneShot = srtp | sfl | wbf | sirtp;
const levels = te | eafl | qie | ire | cfi;

const bitCount = (value: bigint): number => value.toString(2).replaceAll("0", "").length;

/** The queue is disabled when it is empty and its last descriptor was a wait, not after errors. */
function mayDisableQueue(guest: Guest): boolean {
  const { state, head, lastWasWait } = guest.queue;
  return state === "idle" && lastWasWait && registerValue(guest, at.iqt) === BigInt(head);
}

/** Software asks for one change of GCMD at a time, and enables nothing that has no table. */
function isDefinedCommand(guest: Guest, { value }: InputOf<"RegisterWrite">): boolean {
  const status = globalStatus(guest);
  const changed = ((value ^ status) & levels) | (value & oneShot);
  if (bitCount(changed) > 1) return false;
  const { translation, remapping } = guest.charts;
  if ((changed & ~value & qie) !== 0n && !mayDisableQueue(guest)) return false;
  if ((changed & value & te) !== 0n && translation === "noPointer") return false;
  return (changed & value & ire) === 0n || remapping !== "noTable";
}

/** Whether software may write what it writes to a register: else the result is undefined. */
export function isDefinedWrite(guest: Guest, input: InputOf<"RegisterWrite">): boolean {
  const { offset, size, value } = input;
  const isQueued = guest.queue.state !== "disabled";
  if (offset === at.gcmd) return isDefinedCommand(guest, input);
  if (offset === at.iqa || offset === at.iqa + 4) return !isQueued;
  const upper = (register: number): bigint =>
    offset === register + 4 ? value << 32n : offset === register && size === 8 ? value : 0n;
  const asksContext = (upper(at.ccmd) & Ccmd.mask("icc")) !== 0n;
  const asksIotlb = (upper(iotlbAt(guest.profile)) & Iotlb.mask("ivt")) !== 0n;
  return !(isQueued && (asksContext || asksIotlb));
}

/** Guest pages that are neither RAM nor nothing: devices and firmware. */
export const isDevicePage = (page: number): boolean =>
  (page >= 0xa0 && page < 0x100) || (page >= 0x8_0000 && page < 0x10_0000);

/**
 * The inputs of which the architecture, or a device model, says what happens: each one folded in
 * turn, and left out if it does not.
 */
export function definedInputs(setup: Setup, inputs: readonly Input[]): readonly Input[] {
  let world = createWorld(setup);
  return inputs.filter((input) => {
    const [guest] = world.guests;
    if (guest === undefined) return false;
    if (input.type === "RegisterWrite" && !isDefinedWrite(guest, input)) return false;
    const folded = fold(world, input);
    // What becomes of a write of the unit's to where no memory is, is left open.
    if (find(folded.facts, "MemoryWriteDropped") !== undefined) return false;
    const landed = find(folded.facts, "DmaTranslated")?.gpa;
    const isOff = guest.charts.translation !== "enabled";
    const reached = landed ?? (input.type === "Dma" && isOff ? input.iova : undefined);
    if (reached !== undefined && isDevicePage(pageOf(reached))) return false;
    if (input.type === "Dma" && find(folded.facts, "DmaBlocked")?.host === "hole") return false;
    world = withAllSeen(folded.world);
    return true;
  });
}
