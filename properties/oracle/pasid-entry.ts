import type { Directory } from "./directory.ts";
import { onceFor } from "./masks.ts";
import { isSplit } from "./view.ts";
import type { Unit, Word } from "./walk.ts";
import { domainBeyond, reader } from "./walk.ts";
import { bit, bits, ones } from "./word.ts";

/** One set of first-stage tables, with what bears on their walks and on what is cached of them. */
export interface Space {
  readonly did: number;
  /** The PASID that its translations are cached under. */
  readonly pasid: number;
  readonly root: bigint;
  readonly levels: number;
  readonly wpe: boolean;
  readonly nxe: boolean;
  readonly smep: boolean;
  readonly eafe: boolean;
  /** The second stage behind them, under nesting. */
  readonly second: Tables | undefined;
  /** Whether its reads snoop, where that is not as ECAP.C says of everything. */
  readonly snoops?: boolean;
}

/** One set of second-stage tables. */
export interface Tables {
  readonly did: number;
  readonly root: bigint;
  readonly levels: number;
  readonly snoops?: boolean;
}

/** What directory and PASID entry say of one PASID. */
export type PasidValue =
  | {
      readonly kind: "fault";
      readonly reason: number;
      readonly fpd: boolean;
      /** Of an extended context entry that leads to it. */
      readonly did?: number;
    }
  | {
      readonly kind: "entry";
      readonly did: number;
      readonly fpd: boolean;
      readonly execute: boolean;
      readonly privileged: boolean;
      readonly leads:
        | { readonly kind: "passThrough" }
        | { readonly kind: "tables"; readonly tables: Tables }
        | { readonly kind: "firstStage"; readonly space: Space };
    };

/** Reads directory and PASID entry of one PASID, which the directory has an entry for. */
export function readPasid(
  unit: Unit,
  directory: Directory,
  pasid: number,
): { value: PasidValue; words: Word[] } {
  const { words, take } = reader(unit);
  let fpd = false;
  const stop = (reason: number) => ({ value: { kind: "fault", reason, fpd } as const, words });
  const linking = take(directory.pointer + BigInt(pasid >> 6) * 8n);
  if (linking === undefined) return stop(0x50);
  fpd = bit(linking, 1);
  if (!bit(linking, 0)) return stop(0x51);
  if ((linking & (ones(11, 2) | ones(63, unit.haw))) !== 0n) return stop(0x52);

  const at = (linking & ~0xfffn) + BigInt(pasid & 63) * 64n;
  const read = [0n, 8n, 16n, 24n, 32n, 40n, 48n, 56n].map((offset) => take(at + offset));
  if (read.includes(undefined)) return stop(0x58);
  const entry = read.reduce<bigint>(
    (all, word, at) => (word ? all | (word << BigInt(64 * at)) : all),
    0n,
  );
  fpd ||= bit(entry, 1);
  // Reading: P is checked before all else of the entry; QEMU looks at PGTT and AW first.
  if (!bit(entry, 0)) return stop(0x59);
  if ((entry & reservedBits(unit, entry)) !== 0n) return stop(0x5a);
  const leads = leadsTo(unit, entry, pasid);
  if (leads === undefined) return stop(0x5b);
  const [did, privileged, execute] = [bits(entry, 79, 64), bit(entry, 128), bit(entry, 129)];
  return { value: { kind: "entry", did, fpd, execute, privileged, leads }, words };
}

const [firstStage, secondStage, nested, passThrough] = [1, 2, 3, 4];

const pasidTypes = Array.from({ length: 8 }, (_, type) => `PASID entry ${type}`);

/** Reserved bits of a PASID entry. A pointer that its type does not use is not checked. */
const reservedBits = (unit: Unit, entry: bigint): bigint =>
  onceFor(unit, pasidTypes[bits(entry, 8, 6)] ?? "", () => reservedOfType(unit, bits(entry, 8, 6)));

function reservedOfType({ cap, ecap, haw }: Unit, type: number): bigint {
  let mask = (1n << 5n) | (domainBeyond(cap) << 64n);
  if (!bit(ecap, 45) || !bit(ecap, 46)) mask |= 1n << 9n;
  if (!bit(ecap, 48)) mask |= 1n << 87n;
  if (!bit(ecap, 7)) mask |= 1n << 88n;
  if (!bit(ecap, 25)) mask |= ones(93, 89) | ones(127, 96);
  mask |= ones(11, 10) | ones(86, 80) | ones(95, 94) | ones(139, 136) | ones(511, 192);
  if (!bit(ecap, 31)) mask |= 1n << 128n;
  if (!bit(ecap, 30)) mask |= 1n << 129n;
  if (!bit(ecap, 34)) mask |= 1n << 135n;
  if (type === secondStage || type === nested) mask |= ones(63, haw);
  // Under nesting the first stage's root is no address of memory yet.
  if (type === firstStage) mask |= ones(191, 128 + haw);
  if (type === nested) mask |= ones(191, 128 + 52);
  return mask;
}

type Leads = Extract<PasidValue, { kind: "entry" }>["leads"];

/** What a PASID entry without reserved bits leads to, or nothing where it is invalid. */
function leadsTo(unit: Unit, entry: bigint, pasid: number): Leads | undefined {
  const { cap, ecap } = unit;
  const type = bits(entry, 8, 6);
  const did = bits(entry, 79, 64);
  if (type === passThrough) return bit(ecap, 6) ? { kind: "passThrough" } : undefined;
  const aw = bits(entry, 4, 2);
  const width = aw >= 1 && aw <= 3 && bit(cap, 8 + aw);
  const sight = isSplit(unit) ? { snoops: bit(ecap, 48) } : {};
  const tables = { did, root: entry & ones(63, 12), levels: aw + 2, ...sight };
  if (type === secondStage) {
    return bit(ecap, 46) && width ? { kind: "tables", tables } : undefined;
  }
  if (type !== firstStage && type !== nested) return undefined;
  if (!bit(ecap, type === nested ? 26 : 47)) return undefined;
  if (type === nested && !width) return undefined;
  // The first stage's root is an address of the second stage.
  const widest = BigInt(Math.min(bits(cap, 21, 16) + 1, 12 + 9 * tables.levels));
  if (type === nested && ((entry >> 128n) & ones(63, 12)) >> widest !== 0n) return undefined;
  const mode = bits(entry, 131, 130);
  if (mode > 1 || (mode === 1 && !bit(cap, 60))) return undefined;
  const space = {
    did,
    pasid,
    root: (entry >> 128n) & ones(63, 12),
    levels: 4 + mode,
    wpe: bit(entry, 132),
    nxe: bit(entry, 133),
    smep: bit(entry, 134),
    eafe: bit(entry, 135),
    second: type === nested ? tables : undefined,
    ...sight,
  };
  return { kind: "firstStage", space };
}
