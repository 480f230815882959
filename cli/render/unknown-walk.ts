import { hex } from "../../events/address.ts";
import type { Request } from "../../history/explanation.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import type { Terminal } from "../terminal.ts";
import { entryText, meaning } from "./meaning.ts";
import { requestText } from "./request.ts";
import { renderPairs, renderTable } from "./table.ts";
import { entryName, placeOf, stepName } from "./walk-rows.ts";

/** A walk that comes to an entry which the dump does not have. */
export interface UnknownWalk {
  readonly request: Request;
  readonly walk: Translation;
  /** Index of the step of that entry. */
  readonly unknownAt: number;
}

/** What cannot be told, and why. */
function unknownText({ walk, unknownAt }: UnknownWalk): string {
  const step = walk.steps[unknownAt];
  if (step === undefined) return "";
  const name = entryName(step, walk.scalable);
  const before = walk.steps[unknownAt - 1];
  // The file of debugfs that has the entries of one page of a table has those of all its pages.
  const isListed = step.level !== undefined && before?.level !== undefined;
  const whole = isListed ? "; if the dump is whole, the page is not mapped" : "";
  return `not decidable: the ${name} at ${hex(step.address)} is not in the dump${whole}`;
}

/** The entries that are known, and the one that ends it. */
export function renderUnknownWalk(terminal: Terminal, of: UnknownWalk): string {
  const { walk, request, unknownAt } = of;
  const { bold, yellow } = terminal.colours;
  const rows = walk.steps.slice(0, unknownAt + 1).map((step, index) => {
    const place = placeOf(walk, step);
    const isUnknown = index === unknownAt;
    return [
      stepName(step, walk.scalable),
      hex(step.address),
      isUnknown ? yellow("unknown") : entryText(place, step.entry),
      isUnknown ? "" : meaning(place, step.entry),
    ];
  });
  const head = ["Table", "Entry at GPA", "Entry", "Meaning"];
  const title = bold(`${requestText(request, walk)}, by what the dump shows`);
  const pairs = renderPairs(terminal, [["guest's tables", yellow(unknownText(of))]]);
  return `${title}\n\n${renderTable(terminal, head, rows)}\n${pairs}`;
}

/** The object that `--json` prints. */
export function unknownWalkJson(of: UnknownWalk): object {
  const { walk, request, unknownAt } = of;
  const at = walk.steps[unknownAt];
  return {
    pasid: request.asked.pasid ?? null,
    scalable: walk.scalable,
    guest: null,
    unknown: { table: at?.table, level: at?.level, address: at?.address, text: unknownText(of) },
    steps: walk.steps.slice(0, unknownAt).map((step) => {
      const { table, level, address, entry } = step;
      return { table, level, address, entry, meaning: meaning(placeOf(walk, step), entry) };
    }),
  };
}

/** What is to be said of a walk some entries of which were chosen; empty where none were. */
export function assumedText(walk: Translation, assumed: readonly number[]): string {
  const names = assumed.flatMap((index) => {
    const step = walk.steps[index];
    return step === undefined ? [] : [entryName(step, walk.scalable)];
  });
  if (names.length === 0) return "";
  return `Not all of it is in the dump: ${names.join(" and ")} (what is missing was chosen).\n`;
}
