import { pageOf } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { Gcmd } from "../../events/registers/command.ts";
import { Irta } from "../../events/registers/interrupt-table.ts";
import { at } from "../../projections/registers/registers.ts";
import { arena } from "../../properties/world/arena.ts";
import type { Avoided } from "../../target/deviation.ts";
import { deepTables } from "./deep-tables.ts";

/** A wait descriptor's type, and its flags for a status word and for an interrupt. */
const waitType = 5;
const [interruptFlag, statusFlag] = [0x10, 0x20];

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
const waitForBoth: Avoided = {
  id: "wait-both",
  change: (input) =>
    changeDescriptors(input, (first) => {
      const isBoth = (first & interruptFlag) !== 0 && (first & statusFlag) !== 0;
      return (first & 0xf) === waitType && isBoth ? first & ~interruptFlag : undefined;
    }),
};

const deviceTlbType = 3;

/** Descriptors of device TLBs, where the unit has none, are made ones of a type that is not. */
const deviceTlbs: Avoided = {
  id: "device-tlb-accepted",
  change: (input, { deviceTlb }) =>
    deviceTlb
      ? input
      : changeDescriptors(input, (first) =>
          (first & 0xf) === deviceTlbType ? first | 0xf : undefined,
        ),
};

/** The same of PASID invalidations where the unit has no scalable mode. */
const pasidTypes: Avoided = {
  id: "pasid-descriptor-accepted",
  change: (input, { smts }) =>
    smts
      ? input
      : changeDescriptors(input, (first) =>
          [6, 7].includes(first & 0xf) ? first | 0xf : undefined,
        ),
};

/** The upper bits of a descriptor's type are left 0. */
const typeBits: Avoided = {
  id: "descriptor-type-bits",
  change: (input) =>
    changeDescriptors(input, (first) => ((first & 0xe00) === 0 ? undefined : first | 0xf)),
};

/** Compatibility-format interrupts are not allowed: the unit has no such bit. */
const compatibility: Avoided = {
  id: "compatibility-ignored",
  change: (input) => {
    if (input.type !== "RegisterWrite" || input.offset !== at.gcmd) return input;
    const value = input.value & ~Gcmd.mask("cfi");
    return value === input.value ? input : { ...input, value };
  },
};

/** EIME is not set where the unit has no extended interrupt mode. */
const extendedInterrupts: Avoided = {
  id: "irta-eime",
  change: (input, { eim }) => {
    if (input.type !== "RegisterWrite" || input.offset !== at.irta || eim) return input;
    const value = input.value & ~Irta.mask("eime");
    return value === input.value ? input : { ...input, value };
  },
};

/** Of the table modes the two are used that there are. */
const tableModes: Avoided = {
  id: "table-mode-ignored",
  change: (input, { smts }) => {
    if (input.type !== "RegisterWrite" || input.offset !== at.rtaddr || !smts) return input;
    const value = input.value & ~0x800n;
    return value === input.value ? input : { ...input, value };
  },
};

/** What QEMU does not survive, or what would part the states for good. */
export const qemuAvoids: readonly Avoided[] = [
  waitForBoth,
  deviceTlbs,
  pasidTypes,
  typeBits,
  compatibility,
  extendedInterrupts,
  tableModes,
  deepTables,
];
