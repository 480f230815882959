import { pageOf } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { halfMasks } from "../../events/layout/field-halves.ts";
import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { WaitDescriptor } from "../../events/queue/descriptors.ts";
import { Gcmd, Rtaddr } from "../../events/registers/command.ts";
import { Irta } from "../../events/registers/interrupt-table.ts";
import { at } from "../../events/registers/offset.ts";
import { arena } from "../../properties/world/arena.ts";
import type { Avoidance } from "../../target/deviation.ts";
import { deepTables } from "./deep-tables.ts";

const { type: typeBits, typeHigh, intf, sw } = halfMasks(WaitDescriptor);
const { wait, deviceTlb, pasidIotlb, pasidCache } = descriptorTypes;

/** Other first 16 bits for a descriptor; nothing where the descriptor may stay as it is. */
type Rewrite = (first: number) => number | undefined;

/** Changes descriptors where they are written whole, into the page of the queue. */
function changeDescriptors(input: Input, rewrite: Rewrite): Input {
  if (input.type !== "MemoryWrite" || pageOf(input.gpa) !== arena.queue) return input;
  const { bytes, gpa } = input;
  const changed = Uint8Array.from(bytes);
  const view = new DataView(changed.buffer);
  let isChanged = false;
  for (let from = Number(-gpa & 0xfn); from + 16 <= bytes.length; from += 16) {
    const next = rewrite(view.getUint16(from, true));
    if (next === undefined) continue;
    view.setUint16(from, next, true);
    isChanged = true;
  }
  return isChanged ? { ...input, bytes: changed } : input;
}

/** Wait descriptors that ask for both a status word and an interrupt are made to ask for one. */
const waitForBoth: Avoidance = {
  id: "wait-both",
  change: (input) =>
    changeDescriptors(input, (first) => {
      const isBoth = (first & intf) !== 0 && (first & sw) !== 0;
      return (first & typeBits) === wait && isBoth ? first & ~intf : undefined;
    }),
};

/** Descriptors of device TLBs, where the unit has none, are made ones of a type that is not. */
const deviceTlbs: Avoidance = {
  id: "device-tlb-accepted",
  change: (input, profile) =>
    profile.deviceTlb
      ? input
      : changeDescriptors(input, (first) =>
          (first & typeBits) === deviceTlb ? first | typeBits : undefined,
        ),
};

/** The same of PASID invalidations where the unit has no scalable mode. */
const pasidTypes: Avoidance = {
  id: "pasid-descriptor-accepted",
  change: (input, { smts }) =>
    smts
      ? input
      : changeDescriptors(input, (first) =>
          [pasidIotlb, pasidCache].some((type) => type === (first & typeBits))
            ? first | typeBits
            : undefined,
        ),
};

/** The upper bits of a descriptor's type are left 0. */
const upperTypes: Avoidance = {
  id: "descriptor-type-bits",
  change: (input) =>
    changeDescriptors(input, (first) => ((first & typeHigh) === 0 ? undefined : first | typeBits)),
};

/** Compatibility-format interrupts are not allowed: the unit has no such bit. */
const compatibility: Avoidance = {
  id: "compatibility-ignored",
  change: (input) => {
    if (input.type !== "RegisterWrite" || input.offset !== at.gcmd) return input;
    const value = input.value & ~Gcmd.mask("cfi");
    return value === input.value ? input : { ...input, value };
  },
};

/** EIME is not set where the unit has no extended interrupt mode. */
const extendedInterrupts: Avoidance = {
  id: "irta-eime",
  change: (input, { eim }) => {
    if (input.type !== "RegisterWrite" || input.offset !== at.irta || eim) return input;
    const value = input.value & ~Irta.mask("eime");
    return value === input.value ? input : { ...input, value };
  },
};

const { ttm } = Rtaddr.fields;
/** The bit of RTADDR.TTM that the modes which there are leave 0. */
const otherModes = BigInt(ttm.names.abort & ~ttm.names.scalable) << BigInt(ttm.lsb);

/** Of the table modes the two are used that there are. */
const tableModes: Avoidance = {
  id: "table-mode-ignored",
  change: (input, { smts }) => {
    if (input.type !== "RegisterWrite" || input.offset !== at.rtaddr || !smts) return input;
    const value = input.value & ~otherModes;
    return value === input.value ? input : { ...input, value };
  },
};

/** What QEMU does not survive, or what would part the states for good. */
export const qemuAvoids: readonly Avoidance[] = [
  waitForBoth,
  deviceTlbs,
  pasidTypes,
  upperTypes,
  compatibility,
  extendedInterrupts,
  tableModes,
  deepTables,
];
