import type { AnyStateMachine } from "xstate";
import type { Fact } from "../events/fact.ts";

/** What a chart is told: a type, and what its guards and facts need. */
export interface Stimulus {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** The chart's next state, and the facts that its actions are. */
export interface Step {
  readonly state: string;
  readonly facts: readonly Fact[];
}

interface Branch {
  readonly guard: ((args: { event: Stimulus }) => boolean) | undefined;
  readonly target: string | undefined;
  readonly actions: readonly CompiledAction[];
}

interface CompiledAction {
  readonly type: string;
  readonly params: ((args: { event: Stimulus }) => object) | object | undefined;
  /** The fact when there are no params. */
  readonly bare: Fact;
}

/** A chart as a table: state, stimulus, branches in the order in which they are tried. */
export interface CompiledChart {
  readonly machine: AnyStateMachine;
  readonly states: readonly string[];
  readonly step: (state: string, stimulus: Stimulus) => Step;
}

/** The parts of an xstate configuration that a chart may use. */
interface RawTransition {
  readonly guard?: unknown;
  readonly target?: unknown;
  readonly actions?: unknown;
}
type RawTransitions = Readonly<Record<string, unknown>>;
interface RawState {
  readonly on?: RawTransitions;
}

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
  if (typeof raw === "string") return { type: raw, params: undefined, bare: { type: raw } as Fact };
  const { type, params } = raw as { type: string; params?: CompiledAction["params"] };
  return { type, params, bare: { type } as Fact };
}

function compileBranch(machine: AnyStateMachine, raw: unknown): Branch {
  const transition = (typeof raw === "string" ? { target: raw } : raw) as RawTransition;
  onlyAllowed("a transition", transition, allowedInTransition);
  const guards = machine.implementations.guards as Readonly<Record<string, Branch["guard"]>>;
  const name = transition.guard;
  if (name !== undefined && (typeof name !== "string" || guards[name] === undefined)) {
    throw new Error(`a guard of ${machine.id} has no name or no implementation`);
  }
  return {
    guard: name === undefined ? undefined : guards[name as string],
    target: transition.target as string | undefined,
    actions: listOf(transition.actions).map(compileAction),
  };
}

type Row = ReadonlyMap<string, readonly Branch[]>;

const compileRow = (machine: AnyStateMachine, on: RawTransitions | undefined): Row =>
  new Map(
    Object.entries(on ?? {}).map(([type, raw]) => [
      type,
      listOf(raw).map((one) => compileBranch(machine, one)),
    ]),
  );

const none: readonly Branch[] = [];

/**
 * The branches for a stimulus as xstate tries them: the state's, its wildcard's, the root's, its
 * wildcard's.
 */
function branchesFor(state: Row, root: Row, type: string): readonly Branch[] {
  return [
    ...(state.get(type) ?? none),
    ...(state.get("*") ?? none),
    ...(root.get(type) ?? none),
    ...(root.get("*") ?? none),
  ];
}

/** The fact that an action is. Params that have a type are the whole fact already. */
function factOf(action: CompiledAction, stimulus: Stimulus): Fact {
  const { params } = action;
  const data = typeof params === "function" ? params({ event: stimulus }) : params;
  if (data === undefined) return action.bare;
  return "type" in data ? (data as Fact) : ({ type: action.type, ...data } as Fact);
}

/**
 * Compiles a chart once, so that a step costs a lookup. The chart is flat; its transitions have a
 * target, named guards and actions that are facts, nothing else.
 *
 * @throws Error when the chart uses more of xstate than that.
 */
export function compileChart(machine: AnyStateMachine): CompiledChart {
  const config = machine.config as { states?: Record<string, RawState>; on?: RawTransitions };
  const states = config.states ?? {};
  const root = compileRow(machine, config.on);
  const rows = new Map<string, Map<string, readonly Branch[]>>();
  const plain = new Map<string, Row>();
  for (const [name, state] of Object.entries(states)) {
    onlyAllowed(`state ${name} of ${machine.id}`, state, allowedInState);
    plain.set(name, compileRow(machine, state.on));
    rows.set(name, new Map());
  }
  const branches = (state: string, type: string): readonly Branch[] => {
    const row = rows.get(state);
    const known = row?.get(type);
    if (known !== undefined) return known;
    const made = branchesFor(plain.get(state) ?? new Map(), root, type);
    row?.set(type, made);
    return made;
  };
  const step = (state: string, stimulus: Stimulus): Step => {
    for (const { guard, target, actions } of branches(state, stimulus.type)) {
      if (guard !== undefined && !guard({ event: stimulus })) continue;
      return {
        state: target ?? state,
        facts: actions.map((action) => factOf(action, stimulus)),
      };
    }
    return { state, facts: [] };
  };
  return { machine, states: Object.keys(states), step };
}
