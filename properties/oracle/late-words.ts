/** What a word of 64 bits that waits has been since it was last certain to be seen, in order. */
type Values = readonly bigint[];

/**
 * Words that a CPU wrote and the IOMMU need not see yet, by page and by offset in it. It may: a
 * line leaves a cache, and a write a buffer, whenever the hardware likes. So each of these values
 * may be what a walk reads.
 */
export type LateWords = Map<number, Map<number, Values>>;

const wordAt = (page: Uint8Array, offset: number): bigint =>
  new DataView(page.buffer, page.byteOffset).getBigUint64(offset, true);

/** A CPU has written `length` bytes, at least one, at `offset` of a page that is so by now. */
export function isWritten(
  late: LateWords,
  gfn: number,
  page: Uint8Array,
  offset: number,
  length: number,
): void {
  const words = late.get(gfn) ?? new Map<number, Values>();
  for (let at = offset & ~7; at < offset + length; at += 8) {
    const [values, value] = [words.get(at) ?? [], wordAt(page, at)];
    if (values.at(-1) !== value) words.set(at, [...values, value]);
  }
  late.set(gfn, words);
}

/** The views of memory that tell which words wait. */
interface Views {
  readonly written: ReadonlyMap<number, Uint8Array>;
  readonly seen: ReadonlyMap<number, Uint8Array>;
  readonly late: LateWords;
}

/**
 * The IOMMU sees a line of 64 bytes as it left the CPU's caches: a word that was not written since
 * then waits no longer, and of another one only what came after that may be seen.
 */
export function settle({ written, seen, late }: Views, gfn: number, line: number): void {
  const words = late.get(gfn);
  const [page, view] = [written.get(gfn), seen.get(gfn)];
  if (words === undefined || page === undefined || view === undefined) return;
  for (let at = line * 64; at < line * 64 + 64; at += 8) {
    const [values, now] = [words.get(at), wordAt(view, at)];
    if (values === undefined) continue;
    if (now === wordAt(page, at)) words.delete(at);
    else words.set(at, values.slice(values.lastIndexOf(now) + 1));
  }
  if (words.size === 0) late.delete(gfn);
}

/** The values that the word at an aligned GPA may be seen as, beside the one that is seen. */
export const lateValues = (late: LateWords, at: bigint): Values =>
  late.get(Number(at >> 12n))?.get(Number(at & 0xfffn)) ?? [];
