/**
 * What must hold: the laws, and random worlds to hold them against.
 *
 * The arbitraries are those of fast-check. A law looks at a run, which `runOf` makes of a program
 * and checks as `createWorld` and `steps` do; `findViolation` tries many. To hold another
 * implementation to the laws, make a run of what it did: its facts are the run's, and so are its
 * worlds. `judge` compares one step with what somebody else saw. `checkTarget` runs random guests
 * on an implementation of yours, and on the model.
 *
 * @module shadowfold/properties
 */

import { frozen } from "../events/frozen.ts";
import { laws as everyLaw } from "../properties/laws/all.ts";
import type { Law } from "../properties/laws/law.ts";

export type { ChartStep } from "../hypervisor/turn.ts";
export { anyEvents, anyFact, anyInput, anySetup } from "../properties/arbitrary/event.ts";
export type { Concern, Finding, Search } from "../properties/hunt/find.ts";
export { findViolation, shrinkFinding } from "../properties/hunt/find.ts";
export type { Judged } from "../properties/judge.ts";
export type { Unflushed } from "../properties/judge-unseen.ts";
export type { Count, Law } from "../properties/laws/law.ts";
export type { RegisterSight } from "../properties/laws/register-sight.ts";
export type { Moment, Run } from "../properties/laws/run.ts";
export { momentsOf } from "../properties/laws/run.ts";
export type { Verdict, Violation } from "../properties/verdict.ts";
export type { Program } from "../properties/world/program.ts";
export { anyProgram } from "../properties/world/program.ts";
export type {
  Avoidance,
  Contexts,
  Deviation,
  Other,
  Passing,
  Past,
  Reached,
  Situation,
} from "../target/deviation.ts";
export type {
  Ability,
  Answers,
  Besides,
  DmaAnswer,
  DmaRequest,
  Handler,
  Hello,
  Implementation,
  InterruptAnswer,
  InterruptRequest,
  NeededOperation,
  Operation,
  PageRequest,
  PageResponse,
  PasidRights,
  Request,
  Requests,
  TargetMessage,
  TranslationAnswer,
  TranslationRequest,
  UnitWords,
} from "../target/implementation.ts";
export { abilities, protocolVersion } from "../target/implementation.ts";
export type { Make } from "../target/object-plan.ts";
export { ProgramError } from "../target/program-error.ts";
export type { CheckOptions } from "./check-options.ts";
export type { CheckFailure, CheckReport } from "./check-target.ts";
export { assertTarget, checkTarget } from "./check-target.ts";
export { brokenLaw, judge, runOf } from "./run.ts";

/** Every law that is checked over generated worlds. */
export const laws: readonly Law[] = frozen(everyLaw);
