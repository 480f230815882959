import { hex } from "../events/address.ts";
import type { Space } from "../projections/first-stage/space.ts";
import { right } from "../projections/first-stage/space.ts";
import type { Guest } from "../projections/guest.ts";
import { frameOf, hasFrame, ok, readCode, sizeName, sizeOf, writeCode } from "../tables/mapping.ts";
import { radixForEach } from "../tables/radix.ts";
import type { Row, Rows } from "./summary-rows.ts";
import { addressOf, keyed, last, visitRuns } from "./summary-rows.ts";

/** Requests whose cached entries are apart, by `classOf`. */
const classNames = ["", "supervisor", "execute", "supervisor execute"] as const;

/** The address of an index into the tables, with its upper bits alike. */
export const canonicalAddress = ({ levels }: Space, index: number): string => {
  const width = 512 ** levels;
  return addressOf(index < width / 2 ? index : index + 2 ** 52 - width);
};

const stagesOf = (guest: Guest): readonly Space[] => Object.values(guest.spaces);

/** What a first stage's hardware walk starts from. */
function stageRow(stage: Space): Row {
  const { did, pasid, root, levels, shadow, second, virtual, since } = stage;
  const { wpe, nxe, smep, eafe } = stage;
  const rules = Object.entries({ wpe, nxe, smep, eafe }).filter(([, is]) => is);
  const shadowed = shadow === undefined ? "P2M" : `shadow ${shadow.toString()}`;
  return {
    did,
    pasid: hex(pasid),
    root: addressOf(root),
    levels,
    over: second !== undefined && shadow === undefined ? "second stage" : shadowed,
    ...(virtual ? { for: "device model" } : {}),
    ...(rules.length === 0 ? {} : { rules: rules.map(([name]) => name).join(" ") }),
    ...(since === 0 ? {} : { cachedSince: since }),
  };
}

/** Every first stage that a host entry names. */
export const firstStageRows = (guest: Guest): Rows =>
  keyed(stagesOf(guest), (stage) => stage.id.toString(), stageRow);

function rightsText(rights: number): string {
  const names = Object.entries(right).filter(([, bit]) => (rights & bit) !== 0);
  return ["read", ...names.map(([name]) => name)].join(" ");
}

/** The paging-structure caches: tables that walks went through, by the first address below them. */
export function cachedTableRows(guest: Guest): Rows {
  const rows: Record<string, Row> = {};
  for (const stage of stagesOf(guest)) {
    for (const [level, tables] of stage.tables.entries()) {
      radixForEach(tables, 0, Number.MAX_SAFE_INTEGER, (prefix, { page, rights }) => {
        const address = canonicalAddress(stage, prefix * 512 ** level);
        const key = `${stage.id.toString()}:${address} level ${level.toString()}`;
        rows[key] = { pasid: hex(stage.pasid), table: addressOf(page), rights: rightsText(rights) };
      });
    }
  }
  return rows;
}

/** What is cached of first stages, apart for each class of requests. */
export function cachedPageRows(guest: Guest): Rows {
  const rows: Record<string, Row> = {};
  for (const stage of stagesOf(guest)) {
    const name = stage.virtual ? "gpa" : "hpa";
    for (const [kind, tree] of stage.iotlb.entries()) {
      visitRuns(tree, 0, last(tree), (index, pages, value) => {
        const requests = classNames[kind] ?? "";
        const place = `${stage.id.toString()}:${canonicalAddress(stage, index)}`;
        const frame: Row = hasFrame(value)
          ? { [name]: addressOf(frameOf(value)), size: sizeName(sizeOf(value)) }
          : {};
        rows[requests === "" ? place : `${place} ${requests}`] = {
          pasid: hex(stage.pasid),
          pages,
          ...frame,
          read: readCode(value) === ok,
          write: writeCode(value) === ok,
        };
      });
    }
  }
  return rows;
}
