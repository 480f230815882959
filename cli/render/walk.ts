import { hex } from "../../events/address.ts";
import type { TranslationThere } from "../../history/query/translate-in.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import type { Terminal } from "../terminal.ts";
import type { Landing } from "./landing.ts";
import { landingText } from "./landing.ts";
import { entryText, meaning } from "./meaning.ts";
import { regimeSentences } from "./regime.ts";
import { requestText, ridPasidOf } from "./request.ts";
import type { Cell } from "./table.ts";
import { renderPairs, renderTable } from "./table.ts";
import { seenOnce, waitTitle } from "./unseen.ts";
import { hasFirstStage, isStale, placeOf, rowName, stepName, walkRows } from "./walk-rows.ts";

/** What `translate` shows. */
export interface WalkView extends TranslationThere {
  /** Why this state is shown, when nobody asked for it. */
  readonly choice: string | undefined;
}

function stepsTable(terminal: Terminal, { walk, request }: WalkView): string {
  if (walk.steps.length === 0) return "";
  const { dim, cyan } = terminal.colours;
  const rows = walkRows(walk, request.iova).map((row) => {
    const step = row.index === undefined ? undefined : walk.steps[row.index];
    const nowhere = row.address === "" ? "" : "nowhere";
    const host = step?.host === undefined ? nowhere : hex(step.host);
    const cells = [rowName(row), row.address, host, row.entry, row.meaning];
    if (row.index === undefined) return cells.map((cell) => cyan(cell));
    return row.below ? cells.map((cell) => dim(cell)) : cells;
  });
  const head = ["Table", "Entry at GPA", "in the host at", "Entry", "Meaning"];
  return `${renderTable(terminal, head, rows)}\n`;
}

/** Who answers for the host. */
function keeperName({ walk, host }: WalkView): string {
  if ("refused" in walk.shadow) return "the host";
  if (hasFirstStage(walk) && host !== undefined) return "the host's IOMMU";
  return walk.scalable && host?.shadow === undefined ? "the host keeps" : "the shadow";
}

/** What the host answers, and what it has to read for it. */
function keptText({ walk }: WalkView): string {
  const kept = landingText(walk.shadow);
  if (walk.reads === undefined) return kept;
  const what = walk.reads === "firstUse" ? "the entry of this PASID" : "the entries again";
  return `${kept}, once the request has made it read ${what}`;
}

/** What the device's own TLB says, if it holds the page. */
const devicePairs = ({ deviceTlb }: Translation): readonly (readonly [string, Cell])[] =>
  deviceTlb === undefined ? [] : [["the device's TLB", landingText(deviceTlb)]];

/** Where the guest's tables and then the P2M lead. */
function landingPairs(view: WalkView): readonly (readonly [string, Cell])[] {
  const { walk, regime, request } = view;
  const host = "fault" in walk.guest ? "not reached" : landingText(walk.composed);
  if (regime !== "tables") {
    const here =
      "fault" in walk.guest ? landingText(walk.guest) : `GPA ${hex(request.iova)}, as it is`;
    return [
      ["guest address", here],
      ["then the P2M", host],
      ["the host keeps", keptText(view)],
      ...devicePairs(walk),
    ];
  }
  const last = walk.steps.at(-1);
  const isEntry = last?.level !== undefined && last.host !== undefined;
  const isEmpty = isEntry && "fault" in walk.guest && last.entry === 0n;
  const empty = isEmpty ? "not mapped: " : "";
  return [
    ["guest's tables", `${empty}${landingText(walk.guest)}`],
    ["then the P2M", host],
    [keeperName(view), keptText(view)],
    ...devicePairs(walk),
  ];
}

/** What the CPU wrote to entries of the path and the unit does not see yet. */
function unseenPairs(
  { colours }: Terminal,
  view: WalkView,
): readonly (readonly [string, string])[] {
  const { walk, unseen } = view;
  return walk.steps.flatMap((step, index) => {
    const late = unseen[index];
    if (late === undefined) return [];
    const place = placeOf(walk, step);
    const what = `${entryText(place, late.value)}, by event ${late.seq.toString()}`;
    const text = `${stepName(step, walk.scalable)}: ${what}; ${seenOnce[late.waits]}`;
    return [[waitTitle[late.waits], colours.yellow(text)] as const];
  });
}

type Paint = (text: string) => string;

function agreeText({ agree, shadow }: Translation, green: Paint, red: Paint): string {
  if ("refused" in shadow) return "not compared: the host refuses the device";
  return agree ? green("yes") : red("no");
}

function pendingPairs(
  terminal: Terminal,
  { walk, host, unseen }: WalkView,
): readonly (readonly [string, string])[] {
  const { green, red, yellow } = terminal.colours;
  const agree = agreeText(walk, green, red);
  if (walk.pending === undefined) {
    const seen = unseen.some(Boolean) ? " that the unit can see" : "";
    const and = seen === "" ? "" : " and";
    const must = hasFirstStage(walk) ? `${and} that must be announced was` : " was announced";
    const read = "the request itself makes the unit read what changed";
    const why = walk.reads === undefined ? `every change on this path${seen}${must}` : read;
    return [
      ["pending", `no: ${why}`],
      ["both agree", agree],
    ];
  }
  if (isStale(walk, host)) {
    const since = walk.pending.since.toString();
    return [
      ["cached", yellow(`since event ${since}, and not invalidated`)],
      ["both agree", yellow("no, which is allowed until it is invalidated")],
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
  const { at, request, walk, regime, offSince, choice } = view;
  const { bold } = terminal.colours;
  const title = bold(`${requestText(request, walk)} after event ${at.toString()}`);
  const said = [...regimeSentences(regime, request.iova, offSince)];
  if (choice !== undefined) said.push(choice);
  const first = said.length === 0 ? "" : `${said.join("\n")}\n\n`;
  const pairs = renderPairs(terminal, [
    ...landingPairs(view),
    ...unseenPairs(terminal, view),
    ...pendingPairs(terminal, view),
  ]);
  return `${first}${title}\n\n${stepsTable(terminal, view)}${pairs}`;
}

type Json = Readonly<Record<string, unknown>>;

const landingJson = (landing: Landing): Json => ({ ...landing });

/** The object that `--json` prints. */
export const walkJson = ({ at, request, walk, unseen }: Walked): Json => ({
  at,
  pasid: request.asked.pasid ?? null,
  ridPasid: ridPasidOf(walk) ?? null,
  privileged: request.asked.privileged,
  execute: request.asked.execute,
  scalable: walk.scalable,
  guest: landingJson(walk.guest),
  composed: landingJson(walk.composed),
  shadow: landingJson(walk.shadow),
  deviceTlb: walk.deviceTlb === undefined ? null : landingJson(walk.deviceTlb),
  pending: walk.pending ?? null,
  agree: walk.agree,
  reads: walk.reads ?? null,
  steps: walk.steps.map((step, index) => {
    const { table, level, address, entry, host, below } = step;
    const said = host === undefined ? null : meaning(placeOf(walk, step), entry);
    const late = unseen[index] ?? null;
    return { table, level, below, address, entry, host: host ?? null, meaning: said, unseen: late };
  }),
});

type Walked = Pick<WalkView, "at" | "request" | "walk" | "unseen">;
