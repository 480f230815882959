import { pageOf } from "../events/address.ts";
import type { Input, InputOf } from "../events/input.ts";
import type { Profile } from "../events/profile/profile.ts";
import {
  invalidateContexts,
  invalidateIotlb,
  invalidatePasids,
} from "../hypervisor/queue/carry-out-invalidation.ts";
import { newTurn } from "../hypervisor/turn.ts";
import { worldOf } from "../projections/evolve.ts";
import type { World } from "../projections/world.ts";
import type { Answers as Candidates } from "../properties/oracle/answers.ts";
import { expected } from "../properties/oracle/expected.ts";
import { observe } from "../properties/oracle/observe.ts";
import type { Key } from "../properties/oracle/oracle.ts";
import { createOracle } from "../properties/oracle/oracle.ts";
import { abilitiesOf } from "../target/ability.ts";
import { definedInputs } from "../target/defined-input.ts";
import { answerText, withReason } from "../target/dma-text.ts";
import { withoutInterruptEntries } from "../target/evict.ts";
import { requesterOf } from "../target/machine.ts";
import { modelTarget } from "../target/model-target.ts";
import { setupOf } from "../target/setup.ts";
import { firstWrong } from "./judge.ts";
import type { Made } from "./make.ts";
import { makeSteps } from "./make.ts";

type Asking = InputOf<"Dma"> | InputOf<"AtsRequest">;

const isAsking = (input: Input): input is Asking =>
  input.type === "Dma" || input.type === "AtsRequest";

/** The first pages: that writes to them change tables is followed from the start. */
const nearby = Array.from({ length: 160 }, (_, page) => page);

function keysOf(inputs: readonly Input[]): readonly Key[] {
  const keys = inputs.filter(isAsking).map(({ device, iova, pasid }): Key => {
    return { guest: 0, sid: requesterOf(device), page: pageOf(iova), pasid };
  });
  return [...new Map(keys.map((key) => [`${key.sid} ${key.page} ${key.pasid}`, key])).values()];
}

/** Inputs of which the oracle knows more than one right outcome. */
function openInputs(profile: Profile, { trail }: Made): ReadonlySet<number> {
  const inputs = trail.map(({ input }) => input);
  const setup = { guests: [setupOf(profile)] };
  const oracle = createOracle(setup, keysOf(inputs), nearby);
  const open = new Set<number>();
  for (const [index, { input, facts }] of trail.entries()) {
    if (isAsking(input) && isOpen(oracle, input)) open.add(index);
    observe(oracle, input, facts);
  }
  return open;
}

function isOpen(oracle: ReturnType<typeof createOracle>, input: Asking): boolean {
  const { device, iova, pasid, privileged, execute } = input;
  const asked = { pasid, privileged, execute };
  const wanted = expected(oracle, 0, requesterOf(device), iova, asked);
  if (wanted === undefined) return false;
  const both = ({ read, write }: Candidates): readonly string[] =>
    (input.type === "Dma" ? [input.access === "write" ? write : read] : [read, write]).map((each) =>
      answerText(each, withReason),
    );
  const now = both(wanted).join();
  return wanted.candidates.some((each) => both(each).join() !== now);
}

/** A world whose caches have forgotten everything, which they may do at any time. */
function forgetful(world: World): World {
  const turn = newTurn(withoutInterruptEntries(world), 0);
  invalidateContexts(turn, { scope: "global" });
  invalidatePasids(turn, { scope: "global" });
  invalidateIotlb(turn, { type: "IotlbInvalidated", scope: "global" });
  return worldOf(turn);
}

/** When a unit forgets: before every input, every other one, every third one. */
const forgetting: readonly ((count: number) => boolean)[] = [
  () => true,
  (count) => count % 2 === 0,
  (count) => count % 2 === 1,
  (count) => count % 3 === 0,
];

/** Which input a unit answers otherwise if it forgets, as it may; the last one at the end. */
function forgottenInput(profile: Profile, { steps, inputOf }: Made): number | undefined {
  for (const isTime of forgetting) {
    let count = 0;
    const change = (world: World): World => (isTime(count++) ? forgetful(world) : world);
    const target = modelTarget(profile, abilitiesOf(profile), { change });
    const wrong = firstWrong(target, steps);
    if (wrong !== undefined) return inputOf[wrong.index];
  }
  return undefined;
}

/**
 * Whether a target can be asked each of the inputs, and a unit that forgets all that it may answers
 * the same: most of what `isCertain` asks, for less.
 */
export function isLikelyCertain(profile: Profile, inputs: readonly Input[], made: Made): boolean {
  const all = definedInputs({ guests: [setupOf(profile)] }, inputs);
  if (all.length !== inputs.length) return false;
  const target = modelTarget(profile, abilitiesOf(profile), { change: forgetful });
  return firstWrong(target, made.steps) === undefined;
}

/** Whether a target can be asked each of the inputs, and only one answer to each is right. */
export function isCertain(profile: Profile, inputs: readonly Input[], made: Made): boolean {
  const all = definedInputs({ guests: [setupOf(profile)] }, inputs);
  if (all.length !== inputs.length) return false;
  return openInputs(profile, made).size === 0 && forgottenInput(profile, made) === undefined;
}

const mostRounds = 12;

/**
 * Inputs without those whose answer the architecture leaves open: where something was changed and
 * not announced, or where it matters what a unit still remembers.
 *
 * @returns `undefined` where that does not come to an end soon.
 */
export function certainInputs(
  profile: Profile,
  inputs: readonly Input[],
): readonly Input[] | undefined {
  let left = inputs;
  for (let round = 0; round < mostRounds; round++) {
    left = definedInputs({ guests: [setupOf(profile)] }, left);
    const made = makeSteps(profile, left);
    const open = openInputs(profile, made);
    if (open.size > 0) {
      left = left.filter((_, index) => !open.has(index));
      continue;
    }
    const forgotten = forgottenInput(profile, made);
    if (forgotten === undefined) return left;
    if (forgotten >= left.length) return undefined;
    left = left.toSpliced(forgotten, 1);
  }
  return undefined;
}
