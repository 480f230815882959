import type { AnyStateMachine } from "xstate";
import { createMachine } from "xstate";
import type { Fact, FactType, OneFactOf } from "../events/fact.ts";
import type { Definition } from "./definition.ts";

/**
 * A chart, ready to be stepped: `step` alone says which facts follow from a stimulus, `after` alone
 * says where a unit goes.
 *
 * @typeParam State     names of its states.
 * @typeParam Stimulus  what it can be told.
 * @typeParam Told      types of the facts that follow.
 * @typeParam Unit      what is kept of the unit beside the state, where guards or facts look at it.
 */
export interface Chart<
  State extends string,
  Stimulus extends { readonly type: string },
  Told extends FactType,
  Unit = void,
> {
  readonly id: string;
  /** The definition, and the reference for what is compiled from it. */
  readonly machine: AnyStateMachine;
  readonly initial: State;
  readonly states: readonly State[];
  /** The facts that follow from a stimulus, in order. */
  readonly step: (state: State, stimulus: Stimulus, unit: Unit) => readonly OneFactOf<Told>[];
  /**
   * The state once a fact took effect. A transition takes effect with the first fact that it tells;
   * a fact that the chart does not tell leaves the state as it is.
   */
  readonly after: (state: State, fact: Fact, unit: Unit) => State;
}

/** A chart of any unit, for those who look at charts from outside. */
// biome-ignore lint/suspicious/noExplicitAny: a chart of one unit takes no other's stimuli
export type AnyChart = Chart<any, any, any, any>;

interface Given {
  readonly event: { readonly type: string };
  readonly context: unknown;
}

type Fields = ((given: Given) => object) & { readonly fixed?: object };

interface CompiledAction {
  readonly type: Fact["type"];
  readonly params: Fields | object | undefined;
  /** The fields that are the same each time. */
  readonly fixed: object;
  /** The fact when there are no others. */
  readonly whole: Fact;
}

interface Branch<State> {
  readonly guard: ((given: Given) => boolean) | undefined;
  readonly target: State | undefined;
  readonly actions: readonly CompiledAction[];
}

/** The parts of an xstate configuration that a chart may use. */
interface RawTransition {
  readonly guard?: unknown;
  readonly target?: unknown;
  readonly actions?: unknown;
}
type RawTransitions = Readonly<Record<string, unknown>>;

const allowedInState: ReadonlySet<string> = new Set(["on", "description"]);
const allowedInTransition: ReadonlySet<string> = new Set(["guard", "target", "actions"]);

function onlyAllowed(what: string, object: object, allowed: ReadonlySet<string>): void {
  for (const key of Object.keys(object)) {
    if (!allowed.has(key)) throw new Error(`${what} uses "${key}", which does not compile`);
  }
}

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function compileAction(raw: unknown): CompiledAction {
  const action = typeof raw === "string" ? { type: raw } : (raw as CompiledAction);
  const { type, params } = action as Pick<CompiledAction, "type" | "params">;
  const fixed = (typeof params === "function" ? (params as Fields).fixed : params) ?? {};
  return { type, params, fixed, whole: { type, ...fixed } as Fact };
}

type Guards = Readonly<Record<string, Branch<string>["guard"]>>;

function compileBranch<State extends string>(
  id: string,
  states: readonly State[],
  guards: Guards,
  raw: unknown,
): Branch<State> {
  const transition = (typeof raw === "string" ? { target: raw } : raw) as RawTransition;
  onlyAllowed(`a transition of ${id}`, transition, allowedInTransition);
  const { guard: name, actions } = transition;
  const target = (transition.target as string | undefined)?.replace(/^\./, "");
  if (name !== undefined && guards[name as string] === undefined) {
    throw new Error(`a guard of ${id} has no implementation: ${String(name)}`);
  }
  if (target !== undefined && !states.includes(target as State)) {
    throw new Error(`${id} has no state ${String(target)}`);
  }
  return {
    guard: name === undefined ? undefined : guards[name as string],
    target: target as State | undefined,
    actions: listOf(actions).map(compileAction),
  };
}

type Row<State> = ReadonlyMap<string, readonly Branch<State>[]>;

/** The fact that an action is. Fields that have a type are the whole fact already. */
function factOf(action: CompiledAction, given: Given): Fact {
  const { params } = action;
  if (typeof params !== "function") return action.whole;
  const fields = params(given);
  return "type" in fields ? (fields as Fact) : ({ type: action.type, ...fields } as Fact);
}

/** Whether an action could have told a fact: the type is the same, and so are fixed fields. */
function couldTell({ type, fixed }: CompiledAction, fact: Fact): boolean {
  if (type !== fact.type) return false;
  const said = fact as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(fixed).every(([name, value]) => said[name] === value);
}

/** What a state makes of a fact: its next state, or the transitions that may have told it. */
type Sequel<State> = State | readonly Branch<State>[];

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
    sequels.set(type, targets.size === 1 && target !== undefined ? target : tellers);
  }
  return sequels;
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
  return {
    id,
    machine: machineOf(definition, [...told]),
    initial,
    states,
    step: (state, event, context) => {
      const given = { event, context };
      for (const { guard, actions } of branches.get(state)?.get(event.type) ?? noBranches) {
        if (guard !== undefined && !guard(given)) continue;
        return actions.map((action) => factOf(action, given)) as never[];
      }
      return noBranches;
    },
    after: (state, fact, context) => {
      const sequel = sequels.get(state)?.get(fact.type);
      if (sequel === undefined) return state;
      if (typeof sequel === "string") return sequel;
      const tellers = sequel.filter(({ actions: [first] }) => first && couldTell(first, fact));
      const targets = new Set(tellers.map(({ target }) => target ?? state));
      const given = { event: fact, context };
      for (const { guard, target } of tellers) {
        if (targets.size === 1 || guard === undefined || guard(given)) return target ?? state;
      }
      return state;
    },
  };
}
