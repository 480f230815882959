/**
 * Fold events, and ask what came of them.
 *
 * `createWorld` makes the world that a set-up describes; `fold` takes in one input and gives the
 * next world and the facts that follow; `steps` does so for many. `translate` walks an address in
 * a world, `why` tells the chain of events behind a DMA, `notify` tells subscribers of facts. What
 * is passed in is checked and copied. What is none of what was asked for is `MalformedError`,
 * which names the field; for a set-up besides it `createWorld` throws `ProfileError` when the
 * capability words contradict each other and `SetupError` when a P2M range, a reserved region or a
 * device cannot be; lines of a log are `LogError`. Nothing else is thrown, and what a guest, a
 * device or the toolstack may not ask for is refused with a fact. Worlds share what did not change:
 * nothing may be written to them.
 *
 * @module shadowfold
 */

export type { FieldHalves } from "../events/layout/field-halves.ts";
export type { Header, LogEvent, LoggedFact, LoggedInput } from "../events/log/log.ts";
export { parseEvent, parseHeader } from "../events/log/log.ts";
export { LogError } from "../events/log/log-error.ts";
export type { Log } from "../events/log/read-log.ts";
export type { Recording } from "../events/log/recording.ts";
export { openRecording } from "../events/log/recording.ts";
export { MalformedError } from "../events/malformed-error.ts";
export type { Announcement } from "../history/announcement.ts";
export type { EarlyWrites } from "../history/early-writes.ts";
export type { EntryWrite } from "../history/entry-write.ts";
export type {
  DmaExplanation,
  Explanation,
  InterruptExplanation,
  Request,
} from "../history/explanation.ts";
export type { TurnedOff } from "../history/moment.ts";
export type { MissKind, NearMiss } from "../history/near-miss.ts";
export type { PathEntry, Place } from "../history/path-entry.ts";
export type { EntryTrail, Trail } from "../history/provenance.ts";
export type { Question } from "../history/question.ts";
export type { Regime } from "../history/regime.ts";
export type { Step } from "../history/step.ts";
export type { Noted, Subscriber } from "../history/subscriber.ts";
export type { Unseen, Waiting } from "../history/unseen.ts";
export type { PlaceFact, Use, UsedInterrupt, UsedPage, Uses } from "../history/use.ts";
export { SetupError } from "../hypervisor/create-world.ts";
export type { Folded } from "../hypervisor/fold.ts";
export type { Asked } from "../hypervisor/translate/guest-answer.ts";
export type { PathTable } from "../hypervisor/translate/path-table.ts";
export type {
  Grants,
  InDevice,
  InGuest,
  InHost,
  Refusal,
  Translation,
  TranslationStep,
} from "../hypervisor/translate/three-answers.ts";
export type { ContextTable } from "../projections/context/context-table.ts";
export type { Event } from "../projections/evolve.ts";
export type { PathPart } from "../projections/host/host-entry.ts";
export { createWorld, decide, evolve, fold, steps, translate, why } from "./check.ts";
export { encodeEnd, encodeEvent, encodeHeader, readLog } from "./log.ts";
export { notify } from "./notify.ts";
