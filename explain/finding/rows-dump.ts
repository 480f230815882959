import type { SourceId } from "../../events/address.ts";
import type { Dump, DumpedPage } from "../dump.ts";
import type { Evidence, Fault } from "../evidence.ts";
import type { PageRow } from "../observation.ts";

/** A request that rows are looked up for. */
type Asked = Pick<Fault, "source" | "address" | "pasid">;

/** The entries of a row, the top one first, without the levels that are not there. */
const pagesOf = ({ entries }: PageRow): readonly DumpedPage[] =>
  entries
    .map((entry, index) => ({ level: 5 - index, entry }))
    .slice(entries.findIndex((entry) => entry !== 0n))
    .filter(({ entry }) => entry !== 0n);

/** How far a row reaches: the page of its last entry. */
function reaches(row: PageRow, address: bigint): boolean {
  const level = pagesOf(row).at(-1)?.level ?? 1;
  const size = 1n << BigInt(12 + 9 * (level - 1));
  return row.iova <= address && address < row.iova + size;
}

const ofDevice =
  (source: SourceId, pasid: number | undefined) =>
  (row: { readonly source: SourceId; readonly pasid?: number | undefined }): boolean =>
    row.source === source && (row.pasid ?? 0) === (pasid ?? 0);

/** What the rows of other requests say of one that has none of its own. */
function unlistedDump({ rows }: Evidence, { source, address, pasid }: Asked): Dump | undefined {
  if (source === undefined || rows.length === 0) return undefined;
  const near = rows.find((row) => row.source === source);
  const bus = near ?? rows.find((row) => row.source >> 8 === source >> 8);
  const context = near === undefined || pasid === undefined ? {} : { context: near.context };
  return {
    line: bus?.line ?? rows[0]?.line ?? 0,
    from: "debugfs",
    ...(bus === undefined ? {} : { unit: bus.unit, root: bus.root }),
    source,
    iova: address,
    scalable: (bus ?? rows[0])?.pasidWords !== undefined,
    ...context,
    pages: [],
    isUnlisted: true,
  };
}

/** What the files of debugfs in a text show for a request; `undefined` where they show nothing. */
export function dumpFromRows(
  evidence: Evidence,
  { source, address, pasid }: Asked,
): Dump | undefined {
  if (source === undefined) return undefined;
  const isOwn = ofDevice(source, pasid);
  const row = evidence.rows.find(isOwn);
  const tables = evidence.pageTables.filter(isOwn);
  if (row === undefined && tables.length === 0) {
    return unlistedDump(evidence, { source, address, pasid });
  }
  const page =
    address === undefined
      ? undefined
      : evidence.pageRows.find((one) => isOwn(one) && reaches(one, address));
  const base = row ?? tables[0];
  const unit = row === undefined ? {} : { unit: row.unit };
  const words = row?.pasidWords;
  return {
    line: base?.line ?? 0,
    from: "debugfs",
    ...unit,
    source,
    iova: address,
    scalable: words !== undefined,
    ...(row === undefined ? {} : { root: row.root, context: row.context }),
    ...(words === undefined
      ? {}
      : { pasid: [...words, undefined, undefined, undefined, undefined, undefined] }),
    pages: page === undefined ? [] : pagesOf(page),
    isListing: tables.length > 0,
  };
}
