/** What a page of guest memory holds for the unit. */
export type TableKind =
  | { readonly kind: "root" | "context" }
  | { readonly kind: "scalableRoot" | "scalableContext" | "pasidTable" }
  | { readonly kind: "pasidDirectory" }
  | { readonly kind: "secondStage" | "firstStage"; readonly level: number };

/** A page that another one points to. */
export interface TableLink {
  readonly gpa: number;
  readonly table: TableKind;
}

const pageBytes = 4096;
/** Bits 51:12 of a word that points to a page, in two halves. */
const [highPart, lowPart] = [0x000f_ffff, 0xffff_f000];

const pointer = (page: Buffer, at: number): number =>
  (page.readUInt32LE(at + 4) & highPart) * 2 ** 32 + ((page.readUInt32LE(at) & lowPart) >>> 0);

const isPresent = (page: Buffer, at: number): boolean => (page.readUInt8(at) & 1) === 1;

/** The links of all entries of a page. */
function each(entryBytes: number, links: (at: number) => TableLink | undefined): TableLink[] {
  const found: TableLink[] = [];
  for (let at = 0; at < pageBytes; at += entryBytes) {
    const link = links(at);
    if (link !== undefined) found.push(link);
  }
  return found;
}

const to = (page: Buffer, at: number, table: TableKind): TableLink => ({
  gpa: pointer(page, at),
  table,
});

/** TT: 0 and 1 translate; 2 passes through. AW: 1 is three levels. */
function contextLink(page: Buffer, at: number): TableLink | undefined {
  const type = (page.readUInt8(at) >> 2) & 3;
  if (!isPresent(page, at) || type > 1) return undefined;
  const level = (page.readUInt8(at + 8) & 7) + 2;
  return to(page, at, { kind: "secondStage", level });
}

/** PGTT: 1 first stage (FSPM: levels less four), 2 second stage (AW as in a context entry). */
function pasidLink(page: Buffer, at: number): TableLink | undefined {
  if (!isPresent(page, at)) return undefined;
  const type = (page.readUInt16LE(at) >> 6) & 7;
  if (type === 1) {
    const level = ((page.readUInt8(at + 16) >> 2) & 3) + 4;
    return to(page, at + 16, { kind: "firstStage", level });
  }
  if (type !== 2) return undefined;
  return to(page, at, { kind: "secondStage", level: ((page.readUInt8(at) >> 2) & 7) + 2 });
}

/** An entry of a translation table: present by `mask`; bit 7 makes it a leaf above level 1. */
function entryLinks(page: Buffer, kind: "secondStage" | "firstStage", level: number): TableLink[] {
  if (level <= 1) return [];
  const mask = kind === "firstStage" ? 1 : 3;
  return each(8, (at) => {
    const low = page.readUInt8(at);
    if ((low & mask) === 0 || (low & 0x80) !== 0) return undefined;
    return to(page, at, { kind, level: level - 1 });
  });
}

/** A context entry's directory: PDTS says how many pages of 512 entries it has. */
function directoryLinks(page: Buffer): TableLink[] {
  const found: TableLink[] = [];
  for (let at = 0; at < pageBytes; at += 32) {
    if (!isPresent(page, at)) continue;
    const entries = 2 ** (((page.readUInt16LE(at) >> 9) & 7) + 7);
    const first = pointer(page, at);
    for (let entry = 0; entry < entries; entry += 512) {
      found.push({ gpa: first + entry * 8, table: { kind: "pasidDirectory" } });
    }
  }
  return found;
}

const presentTo = (page: Buffer, at: number, table: TableKind): TableLink | undefined =>
  isPresent(page, at) ? to(page, at, table) : undefined;

/**
 * The pages that a page of the guest's tables points to. Entries that are not present point to
 * nothing; reserved bits are passed over.
 *
 * @param page  4096 bytes.
 */
export function tableLinks(page: Buffer, table: TableKind): readonly TableLink[] {
  switch (table.kind) {
    case "root":
      return each(16, (at) => presentTo(page, at, { kind: "context" }));
    case "scalableRoot":
      return each(8, (at) => presentTo(page, at, { kind: "scalableContext" }));
    case "context":
      return each(16, (at) => contextLink(page, at));
    case "scalableContext":
      return directoryLinks(page);
    case "pasidDirectory":
      return each(8, (at) => presentTo(page, at, { kind: "pasidTable" }));
    case "pasidTable":
      return each(64, (at) => pasidLink(page, at));
    case "secondStage":
    case "firstStage":
      return entryLinks(page, table.kind, table.level);
  }
}
