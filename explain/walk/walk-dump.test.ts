import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import { reasonText } from "../../events/fault/fault-text.ts";
import type { InputOf } from "../../events/input.ts";
import type { GuestSetup } from "../../events/setup.ts";
import type { Request } from "../../history/explanation.ts";
import { askedOf } from "../../history/question.ts";
import { regimeOf } from "../../history/regime.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import { translate } from "../../hypervisor/translate/translate.ts";
import { runOf } from "../../properties/laws/run.ts";
import type { Program } from "../../properties/world/program.ts";
import { anyProgram } from "../../properties/world/program.ts";
import { explainLines } from "../explain.ts";
import { dumpLines, faultLine, unitLines } from "../test/linux-dump.ts";
import { checkOf } from "./check.ts";

const isNested = ({ steps }: Translation): boolean =>
  steps.some(
    ({ table, entry }) =>
      table === "PASID entry" && PasidEntry.decode(entry).pgtt === pasidTypes.nested,
  );

/** Whether reserved bits are in words of root and context entries that Linux does not print. */
function isHidden({ steps }: Translation, reason: number): boolean {
  const entry = steps.at(-1)?.entry ?? 0n;
  if (reason === 0x0a) return (entry & 0xffen) === 0n;
  return reason === 0x42 && entry >> 128n !== 0n;
}

/** What the dump of a walk is to say of a fault. */
function wanted(walk: Translation, reason: number): string {
  if (checkOf(reason) === undefined) return "undecidable";
  if (isHidden(walk, reason)) return "undecidable";
  return "fault" in walk.guest ? "justified" : "later";
}

/** A request, the tables that it met, the fault that they make of it, and the unit. */
interface Sample {
  readonly unit: GuestSetup;
  readonly request: Request;
  readonly walk: Translation;
  readonly reason: number;
}

/** The requests of a program that met tables which Linux prints as a whole. */
function samplesOf(program: Program): readonly Sample[] {
  return runOf(program).steps.flatMap(({ input, before }): Sample[] => {
    if (input.type !== "Dma" || input.translated === true) return [];
    const { guest = 0, device, iova, access = "read" }: InputOf<"Dma"> = input;
    const unit = program.setup.guests[guest];
    if (unit === undefined || input.privileged === true || input.execute === true) return [];
    const asked = askedOf(input, access, undefined);
    const walk = translate(before, guest, device, iova, asked);
    if (regimeOf(before.guests[guest], walk) !== "tables" || isNested(walk)) return [];
    if (walk.steps.length === 0 || walk.steps.some(({ host }) => host === undefined)) return [];
    if ("refused" in walk.shadow) return [];
    // What the request is blocked by, or would have been before the page was mapped.
    const isFirst = walk.steps.at(-1)?.table === "first stage";
    const denied = walk.scalable ? (isFirst ? 0x71 : 0x79) : access === "write" ? 5 : 6;
    const reason = "fault" in walk.guest ? walk.guest.fault : denied;
    return [{ unit, request: { device, iova, access, asked }, walk, reason }];
  });
}

/** What is said of a fault in these lines. */
function verdictIn(lines: readonly string[]): string {
  const [fault] = explainLines(lines).findings.filter(({ kind }) => kind === "fault");
  return fault?.walks[0]?.verdict.kind ?? "none";
}

describe("walking a dump", () => {
  const samples = fc.sample(anyProgram, { seed: 12, numRuns: 60 }).flatMap(samplesOf);

  test("[PA2] a dump of the tables that block a request justifies the fault, whichever", () => {
    const met = new Map<string, number>();
    for (const { unit, request, walk, reason } of samples) {
      const lines = [...unitLines(unit), faultLine(request, reason), ...dumpLines(request, walk)];
      const verdict = verdictIn(lines);
      expect(verdict, lines.join("\n")).toBe(wanted(walk, reason));
      const what = `${verdict} ${reasonText(reason)}`;
      met.set(what, (met.get(what) ?? 0) + 1);
    }
    expect([...met.keys()].filter((what) => what.startsWith("justified")).length).toBeGreaterThan(
      12,
    );
    expect([...met.keys()].filter((what) => what.startsWith("later")).length).toBeGreaterThan(2);
  });

  test("[PA3] of a dump that is cut, or a unit that is not told, no more is said", () => {
    const met = new Set<string>();
    for (const [index, { unit, request, walk, reason }] of samples.entries()) {
      const dump = dumpLines(request, walk);
      const cut = dump.slice(0, index % (dump.length + 1));
      const fault = faultLine(request, reason);
      const allowed = [wanted(walk, reason), "undecidable"];
      const told = verdictIn([...unitLines(unit), fault, ...cut]);
      const untoldUnit = verdictIn([fault, ...dump]);
      expect([...allowed, "none"], [fault, ...cut].join("\n")).toContain(told);
      expect(allowed, [fault, ...dump].join("\n")).toContain(untoldUnit);
      met.add(told).add(untoldUnit);
    }
    expect([...met].toSorted()).toEqual(["justified", "later", "none", "undecidable"]);
  });
});
