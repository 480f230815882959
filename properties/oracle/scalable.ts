import type { Directory } from "./directory.ts";
import type { ExtendedSource } from "./extended/source.ts";
import { inExtendedMode, readSourceEntry } from "./extended/source.ts";
import { onceFor } from "./masks.ts";
import type { Context, Unit, Word } from "./walk.ts";
import { readContext, reader } from "./walk.ts";
import { bit, bits, ones } from "./word.ts";

/** What root and context entry say of a source-id, in the mode that the root pointer asks for. */
export type SourceEntry =
  | { readonly kind: "legacy"; readonly context: Context }
  | { readonly kind: "fault"; readonly reason: number; readonly fpd: boolean }
  | ExtendedSource
  | Directory;

/** Reads root and context entry of a source-id. The words are those that it read, in order. */
export function readSource(unit: Unit, sid: number): { entry: SourceEntry; words: Word[] } {
  const mode = bits(unit.root, 11, 10);
  if (mode === 0) {
    const { context, words } = readContext(unit, sid);
    return { entry: { kind: "legacy", context }, words };
  }
  if (inExtendedMode(unit)) return readSourceEntry(unit, sid);
  if (mode !== 1 || !bit(unit.ecap, 43)) {
    const reason = mode === 3 && bit(unit.ecap, 52) ? 0x33 : 0x30;
    return { entry: { kind: "fault", reason, fpd: false }, words: [] };
  }
  return readScalable(unit, sid);
}

function readScalable(unit: Unit, sid: number): { entry: SourceEntry; words: Word[] } {
  const { words, take } = reader(unit);
  const stop = (reason: number, fpd = false) => ({
    entry: { kind: "fault", reason, fpd } as const,
    words,
  });
  const function_ = sid & 0xff;
  const rootAt = (unit.root & ~0xfffn) + BigInt(sid >> 8) * 16n;
  const halves = [take(rootAt), take(rootAt + 8n)];
  // Reading: only the half that the function uses is checked.
  const root = halves[function_ < 128 ? 0 : 1];
  if (root === undefined) return stop(0x38);
  if (!bit(root, 0)) return stop(0x39);
  if ((root & (ones(11, 1) | ones(63, unit.haw))) !== 0n) return stop(0x3a);

  const at = (root & ~0xfffn) + BigInt(function_ & 127) * 32n;
  const [low, high, third, fourth] = [take(at), take(at + 8n), take(at + 16n), take(at + 24n)];
  if (low === undefined || high === undefined) return stop(0x40);
  const fpd = bit(low, 1);
  if (!bit(low, 0)) return stop(0x41, fpd);
  const lacks = (capability: number, mask: bigint): bigint =>
    bit(unit.ecap, capability) ? 0n : mask;
  const lowReserved = onceFor(unit, "context low", () => {
    const rest = lacks(2, 1n << 2n) | lacks(40, 1n << 3n) | lacks(29, 1n << 4n);
    return ones(8, 5) | ones(63, unit.haw) | rest;
  });
  const highReserved = onceFor(
    unit,
    "context high",
    () => ones(63, 21) | lacks(49, ones(19, 0)) | lacks(53, 1n << 20n),
  );
  if ((low & lowReserved) !== 0n || (high & highReserved) !== 0n) return stop(0x42, fpd);
  if (third !== 0n || fourth !== 0n) return stop(0x42, fpd);
  // Page requests without a device TLB; a PASID for requests without one that has no entry.
  if ((low & 0x14n) === 0x10n || bits(high, 19, 0) >> (bits(low, 11, 9) + 13) !== 0) {
    return stop(0x43, fpd);
  }
  const entry = {
    kind: "directory",
    fpd,
    pointer: low & ~0xfffn,
    pasidBits: bits(low, 11, 9) + 13,
    pasidEnabled: bit(low, 3),
    ridPasid: bits(high, 19, 0),
    ridPrivileged: bit(high, 20),
  } as const;
  return { entry, words };
}
