import type { AnyStateMachine } from "xstate";
import { createMachine } from "xstate";
import type { Fact, FactType } from "../events/fact.ts";
import { frozen } from "../events/frozen.ts";
import type { Branch, CompiledAction, Given, Guards, RawTransitions } from "./branch.ts";
import { compileBranch, couldTell, hasFixed, listOf, onlyAllowed } from "./branch.ts";
import type { Chart } from "./chart.ts";
import type { Definition } from "./definition.ts";

const allowedInState: ReadonlySet<string> = new Set(["on", "description"]);

type Row<State> = ReadonlyMap<string, readonly Branch<State>[]>;

/** Transitions that may have told a fact, and whether their fixed fields tell which of them. */
interface Tellers<State> {
  readonly branches: readonly Branch<State>[];
  readonly differ: boolean;
}

/** What a state makes of a fact: its next state, or the transitions that may have told it. */
type Sequel<State> = State | Tellers<State>;

/** What each fact leads to that some of a state's transitions tell first. */
function sequelsOf<State extends string>(
  state: State,
  rows: readonly Row<State>[],
): ReadonlyMap<string, Sequel<State>> {
  const branches = rows.flatMap((row) => [...row.values()].flat());
  const sequels = new Map<string, Sequel<State>>();
  for (const type of new Set(branches.flatMap(({ actions }) => actions[0]?.type ?? []))) {
    const tellers = branches.filter(({ actions }) => actions[0]?.type === type);
    const targets = new Set(tellers.map(({ target }) => target ?? state));
    const [target] = targets;
    const differ = tellers.some(({ actions: [first] }) => hasFixed(first));
    const sequel = targets.size === 1 && target !== undefined ? target : undefined;
    sequels.set(type, sequel ?? { branches: tellers, differ });
  }
  return sequels;
}

/** The first transition that could have told a fact, by what the fact and the unit say. */
function targetOf<State>(
  state: State,
  { branches, differ }: Tellers<State>,
  fact: Fact,
  context: unknown,
): State {
  const tellers = differ
    ? branches.filter(({ actions: [first] }) => first && couldTell(first, fact))
    : branches;
  const only = differ && new Set(tellers.map(({ target }) => target ?? state)).size === 1;
  const given = { event: fact, context };
  for (const { guard, target } of tellers) {
    if (only || guard === undefined || guard(given)) return target ?? state;
  }
  return state;
}

const noFacts: readonly Fact[] = [];

/** The fact that an action is. Fields that have a type are the whole fact already. */
function factOf(action: CompiledAction, given: Given): Fact {
  const { compute } = action;
  if (compute === undefined) return action.whole;
  const fields = compute(given);
  return action.isWhole || "type" in fields
    ? (fields as Fact)
    : ({ type: action.type, ...fields } as Fact);
}

/** The facts that a transition tells, in order. */
function factsOf(actions: readonly CompiledAction[], given: Given): readonly Fact[] {
  const [first] = actions;
  if (first === undefined) return noFacts;
  const facts = [factOf(first, given)];
  for (let index = 1; index < actions.length; index++) {
    facts.push(factOf(actions[index] as CompiledAction, given));
  }
  return facts;
}

/** The parts of a definition, without its types. */
interface RawDefinition {
  readonly id: string;
  readonly guards?: Guards;
  readonly states: Readonly<Record<string, { readonly on?: RawTransitions }>>;
  readonly on?: RawTransitions;
}

const noBranches: readonly never[] = [];

/** The definition as xstate takes it: guards by name, and actions that do nothing. */
function machineOf(definition: RawDefinition, told: readonly string[]): AnyStateMachine {
  const { guards = {}, ...config } = definition;
  const actions = Object.fromEntries(told.map((type) => [type, () => {}]));
  const implementations = { guards, actions } as object;
  return createMachine({ ...config, context: {} } as object, implementations);
}

/**
 * Compiles a definition: `compileChart<State, Stimulus, Told, Unit>()({ … })`. It is flat; its
 * transitions have a target, named guards and actions that are facts, nothing else.
 *
 * @throws Error when it uses more of xstate than that, or a state or guard that does not exist.
 */
export const compileChart =
  <
    State extends string,
    Stimulus extends { readonly type: string },
    Told extends FactType,
    Unit = void,
  >() =>
  <Name extends string = never>(
    definition: Definition<State, Stimulus, Told, Unit, Name>,
  ): Chart<State, Stimulus, Told, Unit> =>
    compiled(definition.initial, definition as unknown as RawDefinition);

function compiled<State extends string>(
  initial: State,
  definition: RawDefinition,
): Chart<State, { readonly type: string }, never, unknown> {
  const { id, guards = {} } = definition;
  const states = Object.keys(definition.states) as State[];
  const rowOf = (on: RawTransitions = {}): Row<State> =>
    new Map(
      Object.entries(on).map(([type, raw]) => [
        type,
        listOf(raw).map((one) => compileBranch(id, states, guards, one)),
      ]),
    );
  const root = rowOf(definition.on);
  const branches = new Map<State, Map<string, readonly Branch<State>[]>>();
  const sequels = new Map<State, ReadonlyMap<string, Sequel<State>>>();
  for (const state of states) {
    const raw = definition.states[state] ?? {};
    onlyAllowed(`state ${state} of ${id}`, raw, allowedInState);
    const own = rowOf(raw.on);
    const types = new Set([...own.keys(), ...root.keys()]);
    const both = (type: string) => [...(own.get(type) ?? []), ...(root.get(type) ?? [])];
    branches.set(state, new Map([...types].map((type) => [type, both(type)])));
    sequels.set(state, sequelsOf(state, [own, root]));
  }
  const all = [...branches.values()].flatMap((row) => [...row.values()].flat());
  const told = new Set(all.flatMap(({ actions }) => actions.map(({ type }) => type)));
  return frozen({
    id,
    machine: machineOf(definition, [...told]),
    initial,
    states,
    step: (state, event, context) => {
      const given = { event, context };
      for (const { guard, actions } of branches.get(state)?.get(event.type) ?? noBranches) {
        if (guard === undefined || guard(given)) return factsOf(actions, given) as never[];
      }
      return noBranches;
    },
    after: (state, fact, context) => {
      const sequel = sequels.get(state)?.get(fact.type);
      if (sequel === undefined) return state;
      return typeof sequel === "string" ? sequel : targetOf(state, sequel, fact, context);
    },
  });
}
