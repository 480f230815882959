import type { Hpa } from "../../events/address.ts";
import { gpa, hpa, pageOf } from "../../events/address.ts";
import type { Guest } from "../../projections/guest.ts";
import { frameOf, hasFrame, mapped, ok, readCode } from "../../tables/mapping.ts";
import { get } from "../../tables/page-tree.ts";
import type { Context, SecondStage } from "../context/context.ts";
import type { ContextStep } from "../context/entry-cursor.ts";
import { resolve } from "../context/resolve.ts";
import {
  blockedReason,
  inVersion2,
  passThroughFault,
  rightsDenied,
} from "../device/answer-request.ts";
import type { Answer } from "../device/page-answer.ts";
import { answered, beyondSecond, fails } from "../device/page-answer.ts";
import type { Ask } from "../first-stage/first-stage-rules.ts";
import { walkFirstStage } from "../first-stage/walk-first-stage.ts";
import { pageLimit } from "../shadow/synchronise.ts";
import type { WalkStep } from "../shadow/walk-second-stage.ts";
import { walkTables } from "../shadow/walk-second-stage.ts";
import type { TranslationStep } from "./three-answers.ts";

function hostOf(guest: Guest, address: bigint): Hpa | undefined {
  const grant = get(guest.p2m, pageOf(address));
  if (readCode(grant) !== ok) return undefined;
  return hpa((BigInt(frameOf(grant)) << 12n) + (address & 0xfffn));
}

/** One request: its access and rights, with a PASID or without. */
export interface Asked extends Ask {
  readonly pasid: number | undefined;
}

/** Takes the entries that a walk reads, when somebody wants them. */
interface Notes {
  readonly guest: Guest;
  readonly write: boolean;
  readonly steps: TranslationStep[] | undefined;
  /** Second-stage entries that were read for the next entry of the first stage, or its result. */
  below: boolean;
}

function note(
  { guest, steps, below }: Notes,
  table: TranslationStep["table"],
  level: number | undefined,
  address: bigint,
  entry: bigint | undefined,
): void {
  const place = gpa(address);
  const host = entry === undefined ? undefined : hostOf(guest, place);
  steps?.push({ table, level, address: place, entry: entry ?? 0n, host, below });
}

/** The guest's second stage under a first stage, walked as it is, with notes. */
const secondStage =
  (notes: Notes, { root, levels }: SecondStage) =>
  (page: number): number | undefined => {
    const { guest, steps } = notes;
    if (page >= pageLimit(guest, levels)) return undefined;
    if (steps === undefined) return walkTables(guest, root, levels, page);
    notes.below = true;
    const mapping = walkTables(guest, root, levels, page, (step) => noteStep(notes, step));
    notes.below = false;
    return mapping;
  };

const noteStep = (notes: Notes, { level, address, entry }: WalkStep): void =>
  note(notes, "second stage", level, address, entry);

/** The answer of the guest's own tables to one request. */
export function guestAnswer(
  guest: Guest,
  source: number,
  page: number,
  asked: Asked,
  steps: TranslationStep[] | undefined,
): Answer {
  const given = answerOfTables(guest, source, page, asked, steps);
  return guest.profile.ecs ? inVersion2(given, asked.write) : given;
}

function answerOfTables(
  guest: Guest,
  source: number,
  page: number,
  asked: Asked,
  steps: TranslationStep[] | undefined,
): Answer {
  if (guest.charts.translation !== "enabled") return untranslated(page);
  const notes: Notes = { guest, write: asked.write, steps, below: false };
  const tell = ({ table, address, entry }: ContextStep): void =>
    note(notes, table, undefined, address, entry);
  const context = resolve(guest, source, asked.pasid, steps === undefined ? undefined : tell);
  if (context.kind === "blocked") {
    const { reason, pasid: part } = context;
    return fails(blockedReason(guest, { reason, ere: part?.ere === true, tag: part?.tag }, asked));
  }
  const { pasid } = context;
  const ask = pasid?.privileged === true ? { ...asked, privileged: true } : asked;
  const denied = pasid === undefined ? 0 : rightsDenied(pasid, ask);
  return denied === 0 ? contextAnswer(notes, context, page, asked.pasid, ask) : fails(denied);
}

type Valid = Exclude<Context, { kind: "blocked" }>;

/** What a valid context makes of a page. */
function contextAnswer(
  notes: Notes,
  context: Valid,
  page: number,
  pasid: number | undefined,
  ask: Ask,
): Answer {
  const { guest, steps, write } = notes;
  const scalable = context.pasid !== undefined;
  if (context.kind === "refused") return answered(0, undefined, scalable);
  if (context.kind === "passThrough") {
    const fault = passThroughFault(guest, { tag: context.pasid?.tag, pasid }, page);
    return fault === 0 ? untranslated(page) : fails(fault);
  }
  if (context.kind === "firstStage") {
    const { first, second } = context;
    const under = second === undefined ? undefined : secondStage(notes, second);
    const tell = ({ level, address, entry }: WalkStep): void =>
      note(notes, "first stage", level, address, entry);
    const told = steps === undefined ? undefined : tell;
    const walk = walkFirstStage(guest, first, page, ask, { second: under, step: told });
    if (walk.fault !== 0) return fails(walk.fault);
    return answered(walk.mapping, frameOf(walk.mapping), true);
  }
  const { root, levels } = context;
  if (page >= pageLimit(guest, levels)) return fails(beyondSecond(scalable));
  const tell = (step: WalkStep): void => {
    if (write ? step.writes : step.reads) noteStep(notes, step);
  };
  const mapping = walkTables(guest, root, levels, page, steps === undefined ? undefined : tell);
  return answered(mapping, hasFrame(mapping) ? frameOf(mapping) : undefined, scalable);
}

/** The page itself. Of some pages no mapping could hold the number; the P2M grants none of them. */
const untranslated = (page: number): Answer => answered(mapped(0, ok, ok, 4), page, false);
