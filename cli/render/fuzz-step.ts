import { numberAt } from "../../events/acpi/little-endian.ts";
import { formatSourceId, hex, iova } from "../../events/address.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { parseMsi } from "../../events/interrupt/interrupt-request.ts";
import type { AnyLayout } from "../../events/layout/layout.ts";
import { descriptors, descriptorType } from "../../events/queue/descriptor-scope.ts";
import { entryBytes } from "../../hypervisor/translate/path-table.ts";
import { translate } from "../../hypervisor/translate/translate.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import type { Guest } from "../../projections/guest.ts";
import { interruptEntryAddress } from "../../projections/interrupt/interrupt-entry.ts";
import { registersOf } from "../../projections/registers/registers.ts";
import type { World } from "../../projections/world.ts";
import { memoryAt } from "../../target/image.ts";
import type { Finding } from "../../target/lane.ts";
import { requesterOf } from "../../target/machine.ts";
import { registerName } from "../../target/register-name.ts";
import { fieldsText } from "./event.ts";
import { effectOf } from "./interrupt.ts";
import { meaning } from "./meaning.ts";
import { stepName } from "./walk-rows.ts";

/** Something that memory holds and that hardware reads: where it is and how it is told. */
interface Told {
  readonly address: bigint;
  readonly bytes: number;
  readonly name: string;
  readonly text: (value: bigint, guest: Guest) => string;
}

/** What a request reads on its way, as the tables lead in one world. */
function entriesOf(world: World, { device, iova: at }: InputOf<"Dma">): readonly Told[] {
  const asked = { write: false, execute: false, privileged: false, pasid: undefined };
  const { steps, scalable } = translate(world, 0, requesterOf(device), iova(at), asked);
  return steps.map((step): Told => {
    const place = { ...step, scalable };
    const name = `${stepName(step, scalable)} entry`.replace("entry entry", "entry");
    const source = formatSourceId(device);
    const forWhom = `${name} for ${source} at ${hex(at)}`;
    const text = (value: bigint): string => meaning(place, value);
    return { address: step.address, bytes: entryBytes(step.table, scalable), name: forWhom, text };
  });
}

/** Fields of a word that are not 0, as `name=value`. */
function setFields(layout: AnyLayout, word: bigint): string {
  const values = Object.entries(layout.decode(word)).flatMap(([name, value]) => {
    if (value === false || value === 0 || value === 0n) return [];
    const text = typeof value === "bigint" || Number(value) > 9 ? hex(BigInt(value)) : `${value}`;
    return value === true ? [name] : [`${name}=${text}`];
  });
  return values.join(" ");
}

function descriptorText(value: bigint): string {
  const spec = descriptors.get(descriptorType(value));
  if (spec === undefined)
    return `a descriptor of type ${hex(descriptorType(value))}, which is none`;
  const fields = setFields(spec.layout, BigInt.asUintN(128, value));
  const isReserved = (value & spec.layout.reservedMask) !== 0n || value >> 128n !== 0n;
  return `${spec.name} ${fields}${isReserved ? ", and reserved bits" : ""}`;
}

/** The descriptors that a write has in it. */
function descriptorsIn({ queue }: Guest, { gpa, bytes }: InputOf<"MemoryWrite">): readonly Told[] {
  const { base, bytes: size, step: each } = queueGeometry(queue.address);
  if (base === 0n || gpa < base || gpa >= base + BigInt(size)) return [];
  const count = Math.floor(bytes.length / each);
  return Array.from({ length: count }, (_, index) => ({
    address: gpa + BigInt(index * each),
    bytes: each,
    name: "descriptor",
    text: descriptorText,
  }));
}

/** The interrupt entry that a request leads to, by the table that there is. */
function interruptEntry({ interruptTable, charts }: Guest, input: InputOf<"MsiRequest">): Told[] {
  const { index } = parseMsi(input.address, input.data);
  if (index === undefined || charts.remapping === "noTable") return [];
  const text = (value: bigint, guest: Guest): string => effectOf(guest, value);
  const address = interruptEntryAddress(interruptTable, index);
  return [{ address, bytes: 16, name: `interrupt entry ${index.toString()}`, text }];
}

/** What the bytes of an entry say as a number. */
const valueAt = (guest: Guest, { address, bytes }: Told): bigint =>
  numberAt(memoryAt(guest, address, bytes), 0, bytes);

/** A value that is written to a register, with the names of its bits where that helps. */
function registerText({ profile }: Guest, { offset, size, value }: InputOf<"RegisterWrite">) {
  const spec = registersOf(profile).at(offset);
  const named = spec !== undefined && spec.offset === offset && size >= Math.min(8, spec.bytes);
  const fields = named ? setFields(spec.layout, value) : "";
  return fields === "" ? hex(value) : `${hex(value)} (${fields})`;
}

/**
 * The operations of a program in words: writes to memory say which entry or descriptor it is that
 * they change, as far as a later operation of the same program reads it.
 *
 * @returns what tells an operation of the finding's program.
 */
export function describeSteps({ steps, comparison }: Finding): (input: Input) => string {
  const worlds = [...(comparison?.worlds ?? [])];
  const last = comparison?.difference?.after;
  if (last !== undefined) worlds.push(last);
  const read = worlds.map((world) => {
    const [guest] = world.guests;
    return steps.flatMap((input) => {
      if (input.type === "Dma") return entriesOf(world, input);
      return input.type === "MsiRequest" && guest ? interruptEntry(guest, input) : [];
    });
  });
  const written = (at: number, input: InputOf<"MemoryWrite">): string[] => {
    const end = input.gpa + BigInt(input.bytes.length);
    const isIn = ({ address, bytes }: Told): boolean =>
      address < end && address + BigInt(bytes) > input.gpa;
    const guest = worlds[at]?.guests[0];
    if (guest === undefined || input.bytes.length > 64) return [];
    for (let later = at; later < worlds.length; later++) {
      const known = worlds[later]?.guests[0];
      const found = [...(known ? descriptorsIn(known, input) : []), ...(read[later] ?? [])];
      const told = found.filter(isIn);
      const texts = new Map(
        told.map((one) => {
          const text = one.text(valueAt(guest, one), guest);
          return [`${hex(one.address)} ${text}`, `${one.name}: ${text}`];
        }),
      );
      if (texts.size > 0) return [...texts.values()].slice(0, 4);
    }
    return [];
  };
  return (input) => {
    const at = steps.indexOf(input);
    const guest = (worlds[at] ?? worlds.at(-1))?.guests[0];
    if (input.type === "RegisterWrite" && guest !== undefined) {
      const name = registerName(input.offset);
      return `The driver writes ${registerText(guest, input)} to ${name}.`;
    }
    const texts = input.type === "MemoryWrite" && at >= 0 ? written(at, input) : [];
    return `${plainText(input)}${texts.map((text) => `\n      ${text}`).join("")}`;
  };
}

/** A device by its own source-id, and by the one that its requests carry where a bridge asks. */
function deviceText(device: number): string {
  const requester = requesterOf(device);
  const own = formatSourceId(device);
  return requester === device ? own : `${own} (its requests come as ${formatSourceId(requester)})`;
}

/** What a request carries and asks for besides. */
const rightsText = ({ pasid, execute, privileged }: Partial<InputOf<"Dma">>): string =>
  [
    pasid === undefined ? "" : ` with PASID ${hex(pasid)}`,
    execute === true ? ", to execute" : "",
    privileged === true ? ", with supervisor rights" : "",
  ].join("");

/** One operation, without knowing what it is about. */
function plainText(input: Input): string {
  switch (input.type) {
    case "RegisterWrite":
      return `The driver writes ${hex(input.value)} to ${registerName(input.offset)}.`;
    case "RegisterRead":
      return `The driver reads ${registerName(input.offset)}.`;
    case "MemoryWrite": {
      const { gpa, bytes } = input;
      const shown = Buffer.from(bytes.subarray(0, 32)).toString("hex");
      const more = bytes.length > 32 ? "…" : "";
      return `The driver writes ${bytes.length.toString()} bytes at ${hex(gpa)}: ${shown}${more}.`;
    }
    case "Dma": {
      const { device, access = "read", length = 8 } = input;
      const what = access === "read" ? "reads" : "writes";
      const where = hex(input.iova);
      const bytes = `${length.toString()} bytes at ${where}${rightsText(input)}`;
      return `Device ${deviceText(device)} ${what} ${bytes}.`;
    }
    case "MsiRequest": {
      const from = input.device === undefined ? "of nobody" : deviceText(input.device);
      return `Device ${from} sends the interrupt ${hex(input.address)} with ${hex(input.data)}.`;
    }
    default:
      return `${input.type} ${fieldsText(input)}`;
  }
}
