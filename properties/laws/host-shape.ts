import { formatSourceId, hex, interruptPages } from "../../events/address.ts";
import type { Guest } from "../../projections/guest.ts";
import { shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import { frameOf, ok, readCode, writeCode } from "../../tables/mapping.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { capacity } from "../../tables/page-tree.ts";
import { forEachRun } from "../../tables/page-tree-range.ts";
import type { Extent, Extents } from "../oracle/host-extents.ts";
import { withoutPages } from "../oracle/host-extents.ts";
import type { Attachment, HostSpace, HostTable, Kernel } from "../oracle/host-kernel.ts";
import { spaceBelow } from "../oracle/host-kernel.ts";
import type { Wanted } from "./host-wanted.ts";

const { first, end } = interruptPages;

type AllWanted = ReadonlyMap<number, Wanted>;

const nameOf = ({ requester: { source, pasid } }: Attachment): string =>
  `${formatSourceId(source)}${pasid === undefined ? "" : ` PASID ${pasid}`}`;

/** Why nobody may be attached as somebody is, or nothing. */
function wrongAttachment(key: number, attachment: Attachment, wanted: AllWanted) {
  const one = wanted.get(key);
  if (one === undefined) return `${nameOf(attachment)} is attached, and there is no such requester`;
  if (attachment.target.to !== "blocked" && one.isBlocked) {
    return `${nameOf(attachment)} is attached, and must be blocked`;
  }
  return undefined;
}

/** Why a host's table is not what a first stage says, or nothing. */
function wrongTable(kernel: Kernel, guest: Guest, { entry }: Wanted, { data, over }: HostTable) {
  const stage = guest.spaces[entry.space ?? 0];
  if (stage === undefined) return "there is no such first stage";
  if (data.root !== BigInt(stage.root) << 12n) return "its top table is another";
  if (data.levels !== stage.levels) return `it has ${data.levels} levels`;
  const flags = { ...stage, sre: entry.sre, ere: entry.ere };
  for (const name of ["sre", "ere", "wpe", "nxe", "smep", "eafe"] as const) {
    if (data[name] !== flags[name]) return `its ${name} is ${data[name]}`;
  }
  const kind = stage.shadow === undefined ? "p2m" : "shadow";
  const below = kernel.spaces.get(over)?.kind;
  return below === kind ? undefined : `it lies over a space of kind ${below}`;
}

/** Why a requester is not attached to the first stage that it is to use, or nothing. */
function wrongStage(kernel: Kernel, guest: Guest, wanted: Wanted): string | undefined {
  const attachment = kernel.attachments.get(wanted.key);
  if (wanted.isBlocked || wanted.entry.state !== "nested") return undefined;
  if (attachment?.target.to !== "table") {
    if (wanted.isWeb && (attachment?.target.to ?? "blocked") === "blocked") return undefined;
    return `${formatSourceId(wanted.entry.source)} is not attached to its first stage`;
  }
  const table = kernel.tables.get(attachment.target.table);
  const text = table && wrongTable(kernel, guest, wanted, table);
  return text && `the table of ${nameOf(attachment)}: ${text}`;
}

/** What the host has of no use, or nothing. */
function leftOver(kernel: Kernel, guest: Guest, wanted: AllWanted): string | undefined {
  const stages = new Set<string>();
  for (const { entry } of wanted.values()) {
    if (entry.state === "nested") stages.add(`${entry.space} ${entry.sre} ${entry.ere}`);
  }
  if (kernel.tables.size > stages.size) return "a table of the host is of no use";
  const spaces = [...kernel.spaces.values()].filter(({ kind }) => kind === "shadow");
  const besides = guest.charts.protection === "enabled" ? 1 : 0;
  const most = shadowsOf(guest).length + besides;
  return spaces.length > most ? "a space of the host is of no use" : undefined;
}

/** Why the host's objects are not those that there must be, or nothing. */
export function differsInShape(
  kernel: Kernel,
  guest: Guest,
  wanted: AllWanted,
  dirty: boolean,
): string | undefined {
  for (const [key, attachment] of kernel.attachments) {
    const text = wrongAttachment(key, attachment, wanted);
    if (text !== undefined) return text;
  }
  for (const one of wanted.values()) {
    const text = wrongStage(kernel, guest, one);
    if (text !== undefined) return text;
  }
  for (const [id, { tracks }] of kernel.spaces) {
    if (tracks !== dirty)
      return `space ${id} ${tracks ? "notes" : "does not note"} what is written`;
  }
  return leftOver(kernel, guest, wanted);
}

/** Mappings that go on from each other as one. */
function joined(extents: Extents): readonly Extent[] {
  const runs: Extent[] = [];
  for (const next of extents) {
    const last = runs.at(-1);
    const goesOn =
      last !== undefined &&
      last.first + last.count === next.first &&
      last.frame + last.count === next.frame &&
      last.read === next.read &&
      last.write === next.write;
    if (goesOn) runs[runs.length - 1] = { ...last, count: last.count + next.count };
    else runs.push(next);
  }
  return runs;
}

/** Runs of a tree that are looked at at most. */
const mostRuns = 4096;

/** What a tree lets anybody reach, in order; nothing where that is too much to look at. */
function extentsOf(tree: PageTree): readonly Extent[] | undefined {
  const runs: Extent[] = [];
  let seen = 0;
  forEachRun(tree, 0, capacity(tree), (first, count, value) => {
    seen += 1;
    const [read, write] = [readCode(value) === ok, writeCode(value) === ok];
    if (seen <= mostRuns && (read || write)) {
      runs.push({ first, count, frame: frameOf(value), read, write });
    }
  });
  return seen > mostRuns ? undefined : joined(runs);
}

const sameExtent = (a: Extent | undefined, b: Extent | undefined): boolean =>
  a?.first === b?.first &&
  a?.count === b?.count &&
  a?.frame === b?.frame &&
  a?.read === b?.read &&
  a?.write === b?.write;

function textOf(extent: Extent | undefined): string {
  if (extent === undefined) return "nothing";
  const [at, to] = [extent.first, extent.frame].map((page) => hex(BigInt(page) << 12n));
  const rights = `${extent.read ? "r" : ""}${extent.write ? "w" : ""}`;
  return `${extent.count} pages at ${at} to ${to} ${rights}`;
}

/** The first place where a space differs from a tree, or nothing. */
function firstDifference({ kind, extents }: HostSpace, tree: PageTree): string | undefined {
  const all = extentsOf(tree);
  if (all === undefined) return undefined;
  // No host maps guest pages at addresses that are messages.
  const wanted = kind === "p2m" ? withoutPages(all, first, end) : all;
  const found = joined(extents);
  for (let index = 0; index < Math.max(found.length, wanted.length); index++) {
    if (sameExtent(found[index], wanted[index])) continue;
    const [has, needs] = [found[index], wanted[index]].map(textOf);
    return `maps ${has}, not ${needs}`;
  }
  return undefined;
}

/** Why some space as a whole is not what a shadow, or the P2M, is; or nothing. */
export function differsInWhole(kernel: Kernel, guest: Guest, wanted: AllWanted) {
  const done = new Set<number>();
  for (const { key, entry, isBlocked, isWeb } of wanted.values()) {
    const target = kernel.attachments.get(key)?.target;
    const id = target && spaceBelow(kernel, target);
    const space = id === undefined ? undefined : kernel.spaces.get(id);
    if (id === undefined || space === undefined || isBlocked || isWeb || done.has(id)) continue;
    done.add(id);
    const shadow = shadowAt(guest, entry.shadow);
    const isOther = space.kind === "p2m" ? shadow !== undefined : shadow === undefined;
    if (isOther || (space.kind === "p2m" && guest.charts.protection === "enabled")) continue;
    const tree = shadow?.host ?? guest.p2m;
    const text = firstDifference(space, tree);
    if (text !== undefined) return `space ${id} ${text}`;
  }
  return undefined;
}
