import { RemappedEntry } from "../events/interrupt/interrupt-entry.ts";
import { parseMsi } from "../events/interrupt/interrupt-request.ts";
import { Fsts } from "../events/registers/event-line.ts";
import { Iqa } from "../events/registers/queue.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { readInterruptEntry } from "../projections/interrupt/interrupt-entry.ts";
import { find } from "../properties/laws/requests.ts";
import type { Difference } from "./difference.ts";
import { landingOf } from "./landing.ts";
import type { ProgramRun } from "./lane.ts";
import { requesterOf } from "./machine.ts";

/** What a difference is about: the step that shows it, and both sides of it. */
interface About extends Pick<Difference, "sides" | "before" | "after" | "facts"> {
  readonly input: ProgramRun["steps"][number] | undefined;
}

/** The bits in which a register differs; none where it does not. */
const bitsOf = ({ sides }: About, name: RegExp): bigint =>
  sides.reduce((bits, { register }) => {
    if (register === undefined || !name.test(register.name)) return bits;
    return bits | (register.model ^ register.target);
  }, 0n);

/** The interrupt entry that a request leads to in the model. */
function entryOf({ input, before }: About): bigint | undefined {
  const [guest] = before.guests;
  if (guest === undefined || input?.type !== "MsiRequest") return undefined;
  const { index } = parseMsi(input.address, input.data);
  return index === undefined ? undefined : readInterruptEntry(guest, index);
}

const hasSide = ({ sides }: About, what: string): boolean =>
  sides.some((side) => side.what === what);

/** Differences that rest on a choice, and on which: a rule of SPEC.md or a reading. */
const choices: readonly (readonly [isBehind: (about: About) => boolean, choice: string])[] = [
  [
    ({ facts }) => facts.some(({ type }) => type === "InputRefused"),
    "the model refuses what was asked; what a unit does instead is open",
  ],
  [
    (about) => find(about.facts, "FaultCollapsed") !== undefined && bitsOf(about, /^F/) !== 0n,
    "a fault of a source-id that has a record collapses into it (FA4); it may, and need not",
  ],
  [
    (about) =>
      bitsOf(about, /^FSTS$/) === (bitsOf(about, /^FSTS$/) & Fsts.mask("fri")) &&
      bitsOf(about, /^FSTS$/) !== 0n,
    "with no fault pending FRI means nothing, and the model shows 0 (readings.md, Faults)",
  ],
  [
    (about) => find(about.facts, "FaultRecorded") !== undefined && bitsOf(about, /^FRCD/) !== 0n,
    "records fill in ring order (FA5), which neither clearing them nor translation off begins anew",
  ],
  [
    (about) => bitsOf(about, /^IQA$/) === Iqa.mask("dw"),
    "IQA.DW keeps what is written, also without 256-bit descriptors (readings.md, Registers)",
  ],
  [
    (about) => {
      const entry = entryOf(about);
      return entry !== undefined && RemappedEntry.decode(entry).svt === 3;
    },
    "a reserved SVT lets nobody use an interrupt entry (readings.md, Interrupts)",
  ],
  [
    (about) => {
      const [guest] = about.before.guests;
      const entry = entryOf(about);
      if (guest === undefined || entry === undefined || guest.interruptTable.eime) return false;
      const isUnused = (RemappedEntry.decode(entry).dst & ~0xff00) !== 0;
      return isUnused && (hasSide(about, "interrupt") || bitsOf(about, /^F/) !== 0n);
    },
    "bits of a destination that are not used without EIME are ignored (readings.md, Interrupts)",
  ],
  [
    (about) => {
      const [guest] = about.after.guests;
      const { input, facts } = about;
      if (guest === undefined || input?.type !== "Dma" || !hasSide(about, "dma")) return false;
      const { state } = hostAt(guest.hosts, requesterOf(input.device), input.pasid) ?? {};
      return state === "passThrough" && landingOf(facts) !== undefined;
    },
    "pass-through takes any width that the unit supports (readings.md, Root pointer and contexts)",
  ],
];

/** The rules and readings behind a difference, where the architecture leaves a choice. */
export function choicesBehind({ steps, comparison }: ProgramRun): readonly string[] {
  const difference = comparison?.difference;
  if (difference === undefined) return [];
  const { sides, before, after, facts } = difference;
  const about: About = { sides, before, after, facts, input: steps[difference.at] };
  return choices.filter(([isBehind]) => isBehind(about)).map(([, choice]) => choice);
}
