import { gpa, isInterruptPage, pageOf } from "../events/address.ts";
import type { Input, InputOf } from "../events/input.ts";
import type { Profile } from "../events/profile/profile.ts";
import { Rtaddr } from "../events/registers/command.ts";
import { Fedata } from "../events/registers/event-line.ts";
import { at } from "../events/registers/offset.ts";
import type { RegisterSpec } from "../events/registers/register.ts";
import { partsOf, registersOf } from "../projections/registers/registers.ts";
import { arena } from "../properties/world/arena.ts";

import type { Ability } from "./implementation.ts";
import { isRam } from "./machine.ts";

/** The register that an access begins in. */
function specAt(profile: Profile, offset: number): RegisterSpec | undefined {
  return registersOf(profile).at(offset) ?? partsOf(profile, offset, 8)[0]?.spec;
}

/**
 * An access as software is allowed to make it: 4 bytes, or 8 of a register that has as many,
 * aligned. What others do is left open.
 */
function aligned<T extends InputOf<"RegisterWrite"> | InputOf<"RegisterRead">>(
  profile: Profile,
  input: T,
): T | undefined {
  const spec = specAt(profile, input.offset);
  if (spec === undefined) return undefined;
  const isWide = spec.bytes >= 8 && input.size >= 5;
  const size = isWide ? 8 : 4;
  const inside = Math.max(0, input.offset - spec.offset) % spec.bytes;
  const offset = spec.offset + inside - (inside % size);
  if (input.type === "RegisterRead") return { ...input, offset, size };
  const value = BigInt.asUintN(size * 8, input.value) & ~reservedIn(profile, offset);
  return { ...input, offset, size, value };
}

const pointers = [at.rtaddr, at.iqa, at.irta, at.pqa];

/** Bits of a pointer beyond the host's addresses: hardware need not have them. */
function beyondWidth({ haw }: Profile, offset: number): bigint {
  const beyond = (1n << 64n) - (1n << BigInt(haw));
  if (pointers.some((each) => each === offset)) return beyond;
  return pointers.some((each) => each + 4 === offset) ? beyond >> 32n : 0n;
}

/** Bits of a register that software has to leave 0, where units differ in what they do else. */
function reservedIn(profile: Profile, offset: number): bigint {
  const beyond = beyondWidth(profile, offset);
  if (offset === at.rtaddr && !profile.smts) return beyond | Rtaddr.mask("ttm");
  if (beyond !== 0n) return beyond;
  const isData = [at.fedata, at.iedata, at.pedata].some((each) => each === offset);
  return isData ? Fedata.mask("eimd") : 0n;
}

/** Bytes that a device can take or give in one transfer of the fuzzer's. */
export const slotBytes = 16;

/** What a request with PASID asks for, where the target knows such requests; else nothing. */
function rightsOf(
  { pasid, execute, privileged }: InputOf<"Dma"> | InputOf<"DmaIssue">,
  can: ReadonlySet<Ability>,
): Pick<InputOf<"Dma">, "pasid" | "execute" | "privileged"> {
  if (!can.has("pasid") || pasid === undefined) return {};
  return { pasid, ...(execute ? { execute } : {}), ...(privileged ? { privileged } : {}) };
}

function dmaOf(
  input: InputOf<"Dma"> | InputOf<"DmaIssue">,
  can: ReadonlySet<Ability>,
): InputOf<"Dma"> | undefined {
  if (input.translated === true) return undefined;
  const { device, iova, access = "read", bytes } = input;
  const most = access === "write" ? (bytes?.length ?? 8) : (input.length ?? 8);
  const length = Math.min(most, slotBytes, 4096 - Number(iova & 0xfffn));
  // Only what a message signals is sent there: 4 bytes, by another way.
  if (isInterruptPage(pageOf(iova))) return undefined;
  const data =
    access === "write" ? { bytes: (bytes ?? new Uint8Array(length)).slice(0, length) } : {};
  return { type: "Dma", device, iova, access, length, ...rightsOf(input, can), ...data };
}

function sendable(profile: Profile, input: Input, can: ReadonlySet<Ability>): Input | undefined {
  switch (input.type) {
    case "RegisterWrite":
    case "RegisterRead":
      return aligned(profile, input);
    case "MemoryWrite":
      if (!isRam(input.gpa, input.bytes.length)) return undefined;
      return { ...input, flushed: true };
    case "Dma":
    case "DmaIssue":
      return dmaOf(input, can);
    case "MsiRequest":
      if (input.device === undefined || !isInterruptPage(pageOf(input.address))) return undefined;
      if (!can.has("interrupts")) return undefined;
      return { ...input, address: input.address & ~3n, data: input.data & 0xffff };
    case "AtsRequest":
      if (!can.has("ats") || isInterruptPage(pageOf(input.iova))) return undefined;
      return can.has("pasid") || input.pasid === undefined ? input : undefined;
    case "DeviceTlbAnswer":
      return can.has("ats") ? input : undefined;
    case "PageRequest":
      if (!can.has("pageRequests")) return undefined;
      return can.has("pasid") || input.pasid === undefined ? input : undefined;
    default:
      return undefined;
  }
}

const patternBytes = 1024;

/** Fills the pages that entries may name, each with a byte of its own. */
export const patterns: readonly Input[] = [
  ...arena.data,
  ...arena.spare,
  ...[arena.huge, arena.huge + 5, arena.large[0], arena.large[0] + 7, arena.large[1]],
  ...[arena.high, arena.high + 7],
].map((page, index) => ({
  type: "MemoryWrite",
  gpa: gpa(BigInt(page) << 12n),
  bytes: new Uint8Array(patternBytes).fill(0x40 + index),
  flushed: true,
}));

/** The inputs that a target can be given, in the form in which it is given them. */
export const sendableInputs = (
  profile: Profile,
  inputs: readonly Input[],
  can: ReadonlySet<Ability>,
): readonly Input[] => inputs.flatMap((input) => sendable(profile, input, can) ?? []);
