import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import type { PageRow, TranslationRow } from "../observation.ts";
import type { MemoryImage } from "./memory-image.ts";

/** The bits of an entry that are the address of a table or a page. */
export const addressMask = 0x000f_ffff_ffff_f000n;

/** The root entry of a row's bus, and the context entry of its device. */
export function putContext(image: MemoryImage, row: TranslationRow, rootTable: bigint): void {
  const bus = BigInt(row.source >> 8);
  const devfn = BigInt(row.source & 0xff);
  image.put(rootTable + 16n * bus, row.root);
  const isScalable = row.pasidWords !== undefined;
  const isUpper = isScalable && devfn >= 0x80n;
  const half = (isUpper ? row.root[1] : row.root[0]) & addressMask;
  if (!isScalable) {
    image.put(half + 16n * devfn, row.context);
    return;
  }
  const place = half + 32n * (devfn & 0x7fn);
  image.put(place, row.context);
  image.put(place + 16n, [0n, 0n], true);
}

/** The entry of a row's PASID, in a table whose place is chosen: no file says where it is. */
export function putPasid(image: MemoryImage, row: TranslationRow, table: bigint): void {
  const { pasid = 0, pasidWords } = row;
  if (pasidWords === undefined) return;
  const { pasiddirptr } = ScalableContextEntry.decode(row.context[0] | (row.context[1] << 64n));
  image.put(pasiddirptr + 8n * BigInt(pasid >> 6), [table | 1n], true);
  const place = table + 64n * BigInt(pasid & 0x3f);
  image.put(place, pasidWords);
  image.put(place + 24n, [0n, 0n, 0n, 0n, 0n], true);
}

/** The entries on the way to a page. */
export function putPages(image: MemoryImage, { root, iova, entries }: PageRow): void {
  let table = root;
  for (const [index, entry] of entries.entries()) {
    const level = 5 - index;
    // Tables of fewer levels have zeros in the columns above, and a superpage has them below.
    if (entry === 0n) continue;
    const slot = (iova >> BigInt(12 + 9 * (level - 1))) & 0x1ffn;
    image.put(table + 8n * slot, [entry]);
    table = entry & addressMask;
  }
}
