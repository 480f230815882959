import { layout } from "../layout/layout.ts";
import { bitMask, code, flag, uint } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";

/** How the source-id of a request is compared; both layouts have it at the same place. */
const sid = uint([79, 64], "Source-id that may use the entry, or first and last bus.");
const sq = code(
  [81, 80],
  { exact: 0, bit2: 1, bits21: 2, bits210: 3 },
  "Bits of the function number that are not compared.",
);
const svt = code([83, 82], { none: 0, source: 1, bus: 2 }, "What of the source-id is verified.");
const present = flag(0, "The entry is valid.");
const fpd = flag(1, "Qualified faults of requests through this entry are not recorded.");
const avail = uint([11, 8], "Ignored by hardware.");
const posted = flag(15, "The entry posts interrupts instead of remapping them.");
const vector = uint([23, 16], "Vector.");

/** How an interrupt is delivered, by the code of DLM. */
export const deliveryModes = [
  "fixed",
  "lowestPriority",
  "smi",
  "reserved3",
  "nmi",
  "init",
  "reserved6",
  "extInt",
] as const;
export type DeliveryMode = (typeof deliveryModes)[number];

/** Interrupt remapping table entry that remaps, 16 bytes. */
export const RemappedEntry = layout({
  name: "Interrupt entry, remapped",
  width: 128,
  fields: {
    present,
    fpd,
    dm: flag(2, "The destination is logical."),
    rh: flag(3, "Redirection hint: one of several destinations is enough."),
    tm: flag(4, "Level triggered."),
    dlm: code(
      [7, 5],
      { fixed: 0, lowestPriority: 1, smi: 2, nmi: 4, init: 5, extInt: 7 },
      "Delivery mode.",
    ),
    avail,
    posted,
    vector,
    dst: uint([63, 32], "Destination: an x2APIC id, or an APIC id in bits 47:40 without EIME."),
    sid,
    sq,
    svt,
  },
  reserved: [
    [14, 12],
    [31, 24],
    [127, 84],
  ],
});

/** Interrupt remapping table entry that posts, 16 bytes. */
export const PostedEntry = layout({
  name: "Interrupt entry, posted",
  width: 128,
  fields: {
    present,
    fpd,
    avail,
    urg: flag(14, "Urgent: notifies although notifications are suppressed."),
    posted,
    vector,
    pdaLow: uint([63, 38], "Posted descriptor, address bits 31:6."),
    sid,
    sq,
    svt,
    pdaHigh: uint([127, 96], "Posted descriptor, address bits 63:32."),
  },
  reserved: [
    [7, 2],
    [13, 12],
    [31, 24],
    [37, 32],
    [95, 84],
  ],
});

const postedBit = RemappedEntry.mask("posted");

/** Whether an entry is of the posted layout. */
export const isPosted = (entry: bigint): boolean => (entry & postedBit) !== 0n;

/** The GPA of the descriptor that a posted entry names, 64-byte aligned. */
export const descriptorAddress = (entry: bigint): bigint => {
  const { pdaLow, pdaHigh } = PostedEntry.decode(entry);
  return (BigInt(pdaHigh) << 32n) | (BigInt(pdaLow) << 6n);
};

/** The bits of a destination that an APIC id of 8 bits does not use. */
export const unusedDestination = bitMask(63, 48) | bitMask(39, 32);

/**
 * The bits that must be 0 in a present entry of its layout. Without CAP.PI the bit that chooses the
 * posted layout is one of them; without EIME so are those of the destination but 47:40.
 *
 * Reading: the codes of DLM that mean nothing are ignored.
 */
export function interruptEntryReserved(profile: Profile, entry: bigint, eime: boolean): bigint {
  if (profile.postedInterrupts && isPosted(entry)) return PostedEntry.reservedMask;
  const mode = profile.postedInterrupts ? 0n : postedBit;
  return RemappedEntry.reservedMask | mode | (eime ? 0n : unusedDestination);
}

/** The destination in the form of the mode: 32 bits, or 8 bits of an APIC id. */
export const destinationOf = (value: number, eime: boolean): number =>
  eime ? value : (value >>> 8) & 0xff;
