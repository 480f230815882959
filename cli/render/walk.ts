import { hex } from "../../events/address.ts";
import { faultReasons } from "../../events/fault-reason.ts";
import type { Translation } from "../../machines/translation.ts";
import type { Terminal } from "../terminal.ts";
import { renderPairs, renderTable } from "./table.ts";

/** Where a translation ends: a page, a fault, or a hole of the host's. */
export type Landing = Translation["guest"] | Translation["composed"] | Translation["shadow"];

/** `fault 5h, the tables do not allow the write` */
export function faultText(reason: number): string {
  const known = faultReasons.get(reason)?.text.replace(/\.$/, "");
  const name = `fault ${reason.toString(16)}h`;
  return known === undefined ? name : `${name}, ${known.charAt(0).toLowerCase()}${known.slice(1)}`;
}

/** `read`, `write`, `read and write` or `nothing`. */
export const grants = (read: boolean, write: boolean): string => {
  if (read && write) return "read and write";
  if (read) return "read only";
  return write ? "write only" : "nothing";
};

/** One landing in words. */
export function landingText(landing: Landing): string {
  if ("fault" in landing) return faultText(landing.fault);
  if ("hole" in landing) return "hole: the host grants no memory here";
  const address = "gpa" in landing ? landing.gpa : landing.hpa;
  const size = landing.size.toString();
  return `${hex(address)}  (${size} mapping, ${grants(landing.read, landing.write)})`;
}

/** The walk entry by entry, then where both walks end. */
export function renderWalk(terminal: Terminal, at: number, walk: Translation): string {
  const { green, red, yellow } = terminal.colours;
  const rows = walk.steps.map((step) => [
    step.table,
    step.level === undefined ? "" : step.level.toString(),
    hex(step.address),
    step.host === undefined ? "none" : hex(step.host),
    hex(step.entry),
  ]);
  const steps = renderTable(
    terminal,
    ["Table", "Level", "Entry at GPA", "in the host at", "Entry"],
    rows,
  );
  const pending =
    walk.pending === undefined
      ? "no: every change on this path was announced"
      : yellow(`yes: changed by event ${walk.pending.since.toString()} and not announced since`);
  const pairs = renderPairs(terminal, [
    ["after event", at],
    ["guest's tables", landingText(walk.guest)],
    ["then the P2M", landingText(walk.composed)],
    ["the shadow", landingText(walk.shadow)],
    ["pending", pending],
    ["both agree", walk.agree ? green("yes") : red("no")],
  ]);
  return `${steps}\n${pairs}`;
}

type Json = Readonly<Record<string, unknown>>;

const landingJson = (landing: Landing): Json => ({ ...landing });

/** The object that `--json` prints. */
export const walkJson = (at: number, walk: Translation): Json => ({
  at,
  guest: landingJson(walk.guest),
  composed: landingJson(walk.composed),
  shadow: landingJson(walk.shadow),
  pending: walk.pending ?? null,
  agree: walk.agree,
  steps: walk.steps.map(({ table, level, address, entry, host }) => {
    return { table, level, address, entry, host: host ?? null };
  }),
});
