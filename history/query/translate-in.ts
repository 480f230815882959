import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import { translate } from "../../hypervisor/translate/translate.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import type { Request } from "../explanation.ts";
import type { Question } from "../question.ts";
import { askedOf, hostOf } from "../question.ts";
import type { Regime } from "../regime.ts";
import { regimeOf } from "../regime.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { Unseen } from "../unseen.ts";
import { unseenOn } from "../walk-path.ts";
import { findMomentIn } from "./why-in.ts";

/** A walk for one address at one moment, with what goes with it. */
export interface TranslationThere {
  /** Number of the last event before. */
  readonly at: number;
  readonly request: Request;
  readonly walk: Translation;
  /** For each step of the walk: what is written to its entry and not seen yet. */
  readonly unseen: readonly (Unseen | undefined)[];
  readonly regime: Regime;
  /** What the host has for such requests. */
  readonly host: HostEntry | undefined;
  /** Number of the event that turned translation off, where it is off. */
  readonly offSince: number | undefined;
}

/**
 * Translates one address of one device at a moment of a timeline, the end when the question names
 * none. A read, unless the question says otherwise.
 *
 * @returns `undefined` when there is no event of the question's number.
 */
export function translateIn(timeline: Timeline, question: Question): TranslationThere | undefined {
  const found = findMomentIn(timeline, question, () => 0);
  if (found === undefined) return undefined;
  const { end: world, search } = found;
  const { guest = 0, device, iova, access = "read" } = question;
  const asked = askedOf(question, access);
  const walk = translate(world, guest, device, iova, asked);
  return {
    at: world.seq,
    request: { device, iova, access, asked },
    walk,
    unseen: unseenOn(walk, world.guests[guest], search.late),
    regime: regimeOf(world.guests[guest], walk),
    host: hostOf(world, question),
    offSince: search.off?.seq,
  };
}
