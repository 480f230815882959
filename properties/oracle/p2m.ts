import type { PageSize } from "../../events/input.ts";

/**
 * One run of guest frames that one mapping still maps, with one set of permissions. All in pages of
 * 4 KiB.
 */
interface Piece {
  /** Which P2mMap it is left of. */
  readonly mapping: number;
  readonly own: PageSize;
  readonly first: number;
  readonly count: number;
  readonly hfn: number;
  readonly read: boolean;
  readonly write: boolean;
}

/** What the P2M grants for one guest frame. */
export interface Grant {
  readonly hfn: number;
  readonly size: PageSize;
  readonly read: boolean;
  readonly write: boolean;
}

export interface P2m {
  pieces: Piece[];
  mappings: number;
  readonly found: Map<number, Grant | undefined>;
  /** Frames whose grants may have changed, in order: the first, and one past the last. */
  readonly changed: (readonly [first: number, end: number])[];
  /** Frames that somebody asked for, while somebody wants to know. */
  asked: Set<number> | undefined;
}

/** A mapping as inputs and set-ups have it. Addresses and length in bytes. */
export interface Mapping {
  readonly gpa: bigint;
  readonly hpa: bigint;
  readonly length: bigint;
  readonly pageSize: PageSize;
  readonly read: boolean;
  readonly write: boolean;
}

const pages = { "4K": 1, "2M": 512, "1G": 262_144 } as const;

export const newP2m = (): P2m => ({
  ...{ pieces: [], mappings: 0, found: new Map(), changed: [], asked: undefined },
});

const overlap = (piece: Piece, first: number, end: number): number =>
  Math.max(0, Math.min(piece.first + piece.count, end) - Math.max(piece.first, first));

/** Whether nothing is mapped between two frames. */
export const isFree = (p2m: P2m, first: number, end: number): boolean =>
  !p2m.pieces.some((piece) => overlap(piece, first, end) > 0);

/** The part of a piece between two frames, or nothing. */
function part(piece: Piece, first: number, end: number): Piece[] {
  const count = overlap(piece, first, end);
  if (count === 0) return [];
  const start = Math.max(piece.first, first);
  return [{ ...piece, first: start, count, hfn: piece.hfn + start - piece.first }];
}

/** A block that loses a frame is one of smaller pages, all over it. */
function noteChange(p2m: P2m, first: number, end: number): void {
  const cutInto = p2m.pieces.filter((piece) => overlap(piece, first, end) > 0);
  const block = Math.max(1, ...cutInto.map(({ own }) => pages[own]));
  p2m.changed.push([first - (first % block), end + block]);
}

/** Gives each piece's part inside the range to `inside`; what is outside stays as it was. */
function cut(p2m: P2m, first: number, end: number, inside: (piece: Piece) => Piece[]): void {
  p2m.found.clear();
  noteChange(p2m, first, end);
  p2m.pieces = p2m.pieces.flatMap((piece) => [
    ...part(piece, 0, first),
    ...part(piece, first, end).flatMap(inside),
    ...part(piece, end, Number.MAX_SAFE_INTEGER),
  ]);
}

/** Takes what is mapped out of a range; mostly there is nothing. */
function makeRoom(p2m: P2m, first: number, end: number): void {
  if (end - first > 512 || !isFree(p2m, first, end)) {
    cut(p2m, first, end, () => []);
    return;
  }
  for (let gfn = first; gfn < end; gfn++) p2m.found.delete(gfn);
}

/**
 * Maps a range in one of several guests, or refuses it whole: nothing to map, an address or length
 * that is no multiple of the page size, an end beyond the host address width, a host frame that
 * another guest frame of anyone has already.
 *
 * @param all  the P2Ms of all guests.
 * @returns whether it was mapped.
 */
export function mapRange(all: readonly P2m[], guest: number, haw: number, map: Mapping): boolean {
  const p2m = all[guest];
  const bytes = BigInt(pages[map.pageSize]) << 12n;
  const limit = 1n << BigInt(haw);
  if (!p2m || map.length === 0n) return false;
  if (map.gpa % bytes !== 0n || map.hpa % bytes !== 0n || map.length % bytes !== 0n) return false;
  if (map.gpa + map.length > limit || map.hpa + map.length > limit) return false;
  const first = Number(map.gpa >> 12n);
  const hfn = Number(map.hpa >> 12n);
  const count = Number(map.length >> 12n);
  for (const other of all) {
    for (const piece of other.pieces) {
      const low = Math.max(piece.hfn, hfn);
      if (low >= Math.min(piece.hfn + piece.count, hfn + count)) continue;
      const sameFrame = piece.first + low - piece.hfn === first + low - hfn;
      if (other !== p2m || !sameFrame) return false;
    }
  }
  makeRoom(p2m, first, first + count);
  p2m.changed.push([first, first + count]);
  const { read, write, pageSize: own } = map;
  p2m.pieces.push({ mapping: p2m.mappings++, own, first, count, hfn, read, write });
  return true;
}

/** The frames that an unmapping or protection names, or `undefined` where it is refused. */
function frames(gpa: bigint, length: bigint): [first: number, end: number] | undefined {
  if (length === 0n || gpa % 4096n !== 0n || length % 4096n !== 0n) return undefined;
  return [Number(gpa >> 12n), Number((gpa + length) >> 12n)];
}

/** @returns the runs that were unmapped, or `undefined` where the input is refused. */
export function unmapRange(
  p2m: P2m,
  gpa: bigint,
  length: bigint,
): { readonly first: number; readonly count: number }[] | undefined {
  const range = frames(gpa, length);
  if (!range) return undefined;
  const gone: Piece[] = [];
  cut(p2m, ...range, (piece) => {
    gone.push(piece);
    return [];
  });
  return gone;
}

/** @returns whether it was done; frames that nothing maps stay unmapped. */
export function protectRange(
  p2m: P2m,
  gpa: bigint,
  length: bigint,
  rights: { readonly read: boolean; readonly write: boolean },
): boolean {
  const range = frames(gpa, length);
  if (!range) return false;
  const { read, write } = rights;
  cut(p2m, ...range, (piece) => [{ ...piece, read, write }]);
  return true;
}

/** The largest block around a frame that its mapping still maps whole with the same permissions. */
function sizeAt(p2m: P2m, piece: Piece, gfn: number): PageSize {
  for (const size of ["1G", "2M"] as const) {
    const count = pages[size];
    if (count > pages[piece.own]) continue;
    const first = gfn - (gfn % count);
    let mapped = 0;
    for (const other of p2m.pieces) {
      if (other.mapping !== piece.mapping) continue;
      if (other.read !== piece.read || other.write !== piece.write) continue;
      mapped += overlap(other, first, first + count);
    }
    if (mapped === count) return size;
  }
  return "4K";
}

/** What the P2M grants for a guest frame now, or `undefined` for a hole. */
export function grantOf(p2m: P2m, gfn: number): Grant | undefined {
  p2m.asked?.add(gfn);
  const found = p2m.found.get(gfn);
  if (found !== undefined || p2m.found.has(gfn)) return found;
  const piece = p2m.pieces.find((each) => overlap(each, gfn, gfn + 1) === 1);
  const grant = piece && {
    hfn: piece.hfn + gfn - piece.first,
    size: sizeAt(p2m, piece, gfn),
    read: piece.read,
    write: piece.write,
  };
  p2m.found.set(gfn, grant);
  return grant;
}

/** The guest frame that a host frame backs, or `undefined`. */
export function frameBehind(p2m: P2m, hfn: number): number | undefined {
  const piece = p2m.pieces.find((each) => hfn >= each.hfn && hfn < each.hfn + each.count);
  return piece && piece.first + hfn - piece.hfn;
}
