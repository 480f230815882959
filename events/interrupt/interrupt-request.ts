import { isInterruptPage, pageOf } from "../address.ts";
import { layout, readersOf } from "../layout/layout.ts";
import { flag, uint } from "../layout/layout-field.ts";
import type { DeliveryMode } from "./interrupt-entry.ts";
import { deliveryModes } from "./interrupt-entry.ts";

const prefix = uint([31, 20], "FEEh for an interrupt.");
const high = uint([63, 32], "Zero.");
const low = uint([1, 0], "Ignored.");
const format = flag(4, "The request is remappable.");

/** Address of a remappable MSI. */
export const RemappableAddress = layout({
  name: "MSI address, remappable",
  width: 64,
  fields: {
    low,
    handleHigh: flag(2, "Bit 15 of the handle."),
    shv: flag(3, "The sub-handle in the data is added to the handle."),
    format,
    handle: uint([19, 5], "Bits 14:0 of the handle."),
    prefix,
    high,
  },
  reserved: [],
});

/** Data of a remappable MSI. */
export const RemappableData = layout({
  name: "MSI data, remappable",
  width: 32,
  fields: {
    subHandle: uint([15, 0], "Sub-handle, where the address says that there is one."),
    high: uint([31, 16], "Zero where there is a sub-handle."),
  },
  reserved: [],
});

/** Address of an MSI of the compatibility format. */
export const CompatibilityAddress = layout({
  name: "MSI address, compatibility",
  width: 64,
  fields: {
    low,
    dm: flag(2, "The destination is logical."),
    rh: flag(3, "Redirection hint."),
    format,
    ignored: uint([11, 5], "Ignored."),
    destination: uint([19, 12], "APIC id."),
    prefix,
    high,
  },
  reserved: [],
});

/** Data of an MSI of the compatibility format. */
export const CompatibilityData = layout({
  name: "MSI data, compatibility",
  width: 32,
  fields: {
    vector: uint([7, 0], "Vector."),
    dlm: uint([10, 8], "Delivery mode."),
    level: flag(14, "The line is asserted."),
    tm: flag(15, "Level triggered."),
  },
  reserved: [
    [13, 11],
    [31, 16],
  ],
});

/** What both forms of an IOAPIC's entry say of its pin. */
const pin = {
  delivering: flag(12, "A request is on its way."),
  polarity: flag(13, "Active low."),
  irr: flag(14, "A level-triggered interrupt was accepted."),
  tm: flag(15, "Level triggered."),
  mask: flag(16, "No request is sent."),
  format: flag(48, "The request is remappable."),
};

/** Redirection table entry of an IOAPIC, remappable. */
export const RemappableRte = layout({
  name: "IOAPIC entry, remappable",
  width: 64,
  fields: {
    vector: uint([7, 0], "Vector, as in the interrupt entry."),
    dlm: uint([10, 8], "Zero."),
    indexHigh: flag(11, "Bit 15 of the interrupt index."),
    ...pin,
    index: uint([63, 49], "Bits 14:0 of the interrupt index."),
  },
  reserved: [[47, 17]],
});

/** Redirection table entry of an IOAPIC, compatibility format. */
export const CompatibilityRte = layout({
  name: "IOAPIC entry, compatibility",
  width: 64,
  fields: {
    vector: uint([7, 0], "Vector."),
    dlm: uint([10, 8], "Delivery mode."),
    dm: flag(11, "The destination is logical."),
    ...pin,
    destination: uint([63, 56], "APIC id."),
  },
  reserved: [
    [47, 17],
    [55, 49],
  ],
});

/** What the interrupt controllers are told. */
export interface InterruptMessage {
  /** APIC id, or x2APIC id. */
  readonly destination: number;
  readonly vector: number;
  readonly deliveryMode: DeliveryMode;
  readonly destinationMode: "physical" | "logical";
  readonly trigger: "edge" | "level";
  readonly redirectionHint: boolean;
}

/** A request as it arrives. */
export interface InterruptRequest {
  /** What it says where nothing is remapped. */
  readonly message: InterruptMessage;
  /** The interrupt index; `undefined` in the compatibility format. */
  readonly index: number | undefined;
  /** A field that must be zero is not. */
  readonly reserved: boolean;
}

/** A message from the codes that entries and requests have. */
export const messageOf = (
  destination: number,
  fields: { vector: number; dlm: number; dm: boolean; tm: boolean; rh: boolean },
): InterruptMessage => ({
  destination,
  vector: fields.vector,
  deliveryMode: deliveryModes[fields.dlm] ?? "fixed",
  destinationMode: fields.dm ? "logical" : "physical",
  trigger: fields.tm ? "level" : "edge",
  redirectionHint: fields.rh,
});

/** Whether an address is one that interrupt requests are written to. */
export const isInterruptAddress = (address: bigint): boolean =>
  isInterruptPage(pageOf(BigInt.asUintN(32, address)));

/**
 * An MSI.
 *
 * Reading: without a sub-handle the data is ignored.
 *
 * @param address  64 bits, of the interrupt range but for bits 63:32, which must be zero.
 * @param data     32 bits.
 */
export function parseMsi(address: bigint, data: number): InterruptRequest {
  const word = BigInt(data);
  const message = compatibleMessage(address, word);
  const { handle, handleHigh, shv, format, high: addressHigh } = remappableAddress;
  const isWide = addressHigh(address) !== 0;
  if (!format(address)) return { message, index: undefined, reserved: isWide };
  const { subHandle, high } = remappableData;
  const hasSubHandle = shv(address);
  const added = (handleHigh(address) ? 0x8000 : 0) + (hasSubHandle ? subHandle(word) : 0);
  const index = (handle(address) + added) % 0x1_0000;
  return { message, index, reserved: isWide || (hasSubHandle && high(word) !== 0) };
}

const [remappableAddress, remappableData] = [
  readersOf(RemappableAddress),
  readersOf(RemappableData),
];
const compatibleAddress = readersOf(CompatibilityAddress);
const compatibleData = readersOf(CompatibilityData);

/** What an MSI of the compatibility format says. */
function compatibleMessage(address: bigint, data: bigint): InterruptMessage {
  const { destination, dm, rh } = compatibleAddress;
  const { vector, dlm, tm } = compatibleData;
  return messageOf(destination(address), {
    vector: vector(data),
    dlm: dlm(data),
    dm: dm(address),
    tm: tm(data),
    rh: rh(address),
  });
}

/** A request of an IOAPIC, by the redirection table entry that makes it. */
export function parseRte(rte: bigint): InterruptRequest {
  const { destination, vector, dlm, dm, tm } = CompatibilityRte.decode(rte);
  const { index, indexHigh, format } = RemappableRte.decode(rte);
  const message = messageOf(destination, { vector, dlm, dm, tm, rh: false });
  if (!format) return { message, index: undefined, reserved: false };
  const reserved = (rte & RemappableRte.reservedMask) !== 0n;
  return { message, index: index + (indexHigh ? 0x8000 : 0), reserved };
}
