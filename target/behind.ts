import { Fsts } from "../events/registers/event-line.ts";
import { Iqa } from "../events/registers/queue.ts";
import { find } from "../properties/laws/requests.ts";
import type { Raw } from "./difference.ts";
import { rawDifferences } from "./difference.ts";
import { modelText, targetText, withoutReason, withReason } from "./dma-text.ts";
import type { ProgramRun } from "./lane.ts";
import type { Otherwise, Parting } from "./otherwise.ts";
import { inOtherRecords, narrowed, uncollapsed, unverified } from "./otherwise.ts";

/** What a difference is about: the step that shows it, and both sides of it. */
interface About extends Parting {
  readonly sides: readonly Raw[];
}

/** Whether the target did what a model that decides otherwise does, and nothing else. */
function agrees({ input, seen }: About, { world, facts }: Otherwise): boolean {
  if (rawDifferences(input, seen, world, facts).length > 0) return false;
  if (input.type !== "Dma" || !seen.isTraced) return true;
  const told = seen.tellsSuppressed === true ? withReason : withoutReason;
  return modelText(facts, undefined, told) === targetText(seen.observed, input);
}

const byDeciding =
  (others: (parting: Parting) => Iterable<Otherwise>) =>
  (about: About): boolean => {
    for (const other of others(about)) if (agrees(about, other)) return true;
    return false;
  };

/** Whether all that differs is a register of this name, in bits that are left open. */
const inBitsOf =
  (name: string, isOpen: (model: bigint, target: bigint) => boolean) =>
  ({ sides }: About): boolean =>
    sides.every(
      ({ register }) => register?.name === name && isOpen(register.model, register.target),
    );

const [fri, ppf, width] = [Fsts.mask("fri"), Fsts.mask("ppf"), Iqa.mask("dw")];

/** What a page request, or the fault of one, may change. */
const ofRequests = /^(PQT|PRS|PECTL|FSTS|FECTL|FRCD\d*)$/;

/** What is behind a difference. */
interface Reason {
  readonly kind: "choice" | "rule";
  /** Words of SPEC.md, or of the section of readings.md. */
  readonly text: string;
  /** The rule, or the section. */
  readonly where: string;
  /** Whether what the target did differs in this alone: nothing beyond it is excused. */
  readonly isBehind: (about: About) => boolean;
}

/** Rules, and choices that sources make otherwise, that whole differences may come from. */
export const reasons: readonly Reason[] = [
  {
    kind: "choice",
    text: "a page request that no device would make is refused",
    where: "PQ18",
    isBehind: ({ input, facts, sides }) =>
      (input.type === "PageRequest" || input.type === "AtsRequest") &&
      find(facts, "InputRefused") !== undefined &&
      sides.every(({ register }) => register === undefined || ofRequests.test(register.name)),
  },
  {
    kind: "choice",
    text: "a fault of a source-id with a pending record always collapses into it",
    where: "Choices that have no line in the code",
    isBehind: (about) =>
      find(about.facts, "FaultCollapsed") !== undefined && byDeciding(uncollapsed)(about),
  },
  {
    kind: "choice",
    text: "with none pending, FRI reads as 0",
    where: "Faults",
    isBehind: inBitsOf(
      "FSTS",
      (model, target) => ((model ^ target) & ~fri) === 0n && (model & ppf) === 0n,
    ),
  },
  {
    kind: "rule",
    text: "records fill in ring order, from the first once translation and remapping were both off",
    where: "FA5",
    isBehind: byDeciding(inOtherRecords),
  },
  {
    kind: "choice",
    text: "IQA.DW keeps what is written even where a unit has no 256-bit descriptors",
    where: "Registers",
    isBehind: (about) =>
      about.before.guests[0]?.profile.smts === false &&
      inBitsOf(
        "IQA",
        (model, target) => (model ^ target) === width && (target & width) === 0n,
      )(about),
  },
  {
    kind: "choice",
    text: "a reserved SVT lets nobody use the entry",
    where: "Interrupts",
    isBehind: byDeciding(unverified),
  },
  {
    kind: "choice",
    text: "pass-through takes any supported width, not the largest alone",
    where: "Root pointer, contexts and PASID entries",
    isBehind: byDeciding(narrowed),
  },
];

function sentenceOf({ kind, text, where }: Reason): string {
  const head = kind === "rule" ? "It is a rule" : "It rests on a choice";
  const page = /^[A-Z]+\d/.test(where) ? "SPEC.md" : "readings.md";
  return `${head}: ${text} (${page}, ${where}).`;
}

/**
 * The rule or reading behind a difference, in sentences: one that a target may have decided
 * otherwise, where that explains all that differs at the step.
 */
export function reasonsBehind({ steps, sight, comparison }: ProgramRun): readonly string[] {
  const difference = comparison?.difference;
  if (difference === undefined || difference.sides.length === 0) return [];
  const { at, before, facts, sides } = difference;
  const [input, seen] = [steps[at], sight?.seen[at]];
  if (input === undefined || seen === undefined) return [];
  const about: About = { input, seen, before, facts, sides };
  return reasons.filter(({ isBehind }) => isBehind(about)).map(sentenceOf);
}
