import type { Iova, SourceId } from "../../events/address.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import { faultReasons } from "../../events/fault-reason.ts";
import type { Access } from "../../events/input.ts";
import type { Translation } from "../../machines/translation.ts";
import type { Terminal } from "../terminal.ts";
import { grants, meaning } from "./meaning.ts";
import type { Regime } from "./regime.ts";
import { regimeSentences } from "./regime.ts";
import type { Cell } from "./table.ts";
import { renderPairs, renderTable } from "./table.ts";

/** Where a translation ends: a page, a fault, or a hole of the host's. */
export type Landing = Translation["guest"] | Translation["composed"] | Translation["shadow"];

/** `fault 5h, the tables do not allow the write` */
export function faultText(reason: number): string {
  const known = faultReasons.get(reason)?.text.replace(/\.$/, "");
  const name = `fault ${reason.toString(16)}h`;
  return known === undefined ? name : `${name}, ${known.charAt(0).toLowerCase()}${known.slice(1)}`;
}

/** One landing in words. */
export function landingText(landing: Landing): string {
  if ("fault" in landing) return faultText(landing.fault);
  if ("hole" in landing) return "hole: the host grants no memory here";
  const address = "gpa" in landing ? `GPA ${hex(landing.gpa)}` : `HPA ${hex(landing.hpa)}`;
  return `${address}  (${landing.size} mapping, ${grants(landing.read, landing.write)})`;
}

/** What `translate` shows. */
export interface WalkView {
  /** Number of the last event before. */
  readonly at: number;
  readonly device: SourceId;
  readonly iova: Iova;
  readonly access: Access;
  readonly walk: Translation;
  readonly regime: Regime;
  /** Number of the event that turned translation off, where it is off. */
  readonly offSince: number | undefined;
  /** Why this state is shown, when nobody asked for it. */
  readonly choice: string | undefined;
}

function stepsTable(terminal: Terminal, { walk }: WalkView): string {
  if (walk.steps.length === 0) return "";
  const rows = walk.steps.map(({ table, level, address, host, entry }) => [
    level === undefined ? table : `level ${level.toString()}`,
    hex(address),
    host === undefined ? "nowhere" : hex(host),
    host === undefined ? "unreadable" : hex(entry),
    host === undefined ? "" : meaning(table, level, entry),
  ]);
  const head = ["Table", "Entry at GPA", "in the host at", "Entry", "Meaning"];
  return `${renderTable(terminal, head, rows)}\n`;
}

/** Where the guest's tables and then the P2M lead. */
function landingPairs({ walk, regime, iova }: WalkView): readonly (readonly [string, Cell])[] {
  const host = "fault" in walk.guest ? "not reached" : landingText(walk.composed);
  if (regime !== "tables") {
    const here = "fault" in walk.guest ? landingText(walk.guest) : `GPA ${hex(iova)}, as it is`;
    return [
      ["guest address", here],
      ["then the P2M", host],
      ["the host keeps", landingText(walk.shadow)],
    ];
  }
  const last = walk.steps.at(-1);
  const isEmpty = last?.level !== undefined && last.host !== undefined && last.entry === 0n;
  const empty = isEmpty ? "not mapped: " : "";
  return [
    ["guest's tables", `${empty}${landingText(walk.guest)}`],
    ["then the P2M", host],
    ["the shadow", landingText(walk.shadow)],
  ];
}

function pendingPairs(
  terminal: Terminal,
  { walk }: WalkView,
): readonly (readonly [string, string])[] {
  const { green, red, yellow } = terminal.colours;
  const agree = walk.agree ? green("yes") : red("no");
  if (walk.pending === undefined) {
    return [
      ["pending", "no: every change on this path was announced"],
      ["both agree", agree],
    ];
  }
  const changed = `changed by event ${walk.pending.since.toString()} and not announced since`;
  if (walk.agree) {
    return [
      ["pending", `yes, without effect here: ${changed}`],
      ["both agree", agree],
    ];
  }
  return [
    ["pending", yellow(`yes: ${changed}`)],
    ["both agree", yellow("no, which is allowed until the change is announced")],
  ];
}

/** The walk entry by entry, then where both walks end. */
export function renderWalk(terminal: Terminal, view: WalkView): string {
  const { at, device, iova, access, regime, offSince, choice } = view;
  const { bold } = terminal.colours;
  const asked = `DMA ${access} to ${hex(iova)} by ${formatSourceId(device)}`;
  const title = bold(`${asked} after event ${at.toString()}`);
  const said = [...regimeSentences(regime, iova, offSince)];
  if (choice !== undefined) said.push(choice);
  const first = said.length === 0 ? "" : `${said.join("\n")}\n\n`;
  const pairs = renderPairs(terminal, [...landingPairs(view), ...pendingPairs(terminal, view)]);
  return `${first}${title}\n\n${stepsTable(terminal, view)}${pairs}`;
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
