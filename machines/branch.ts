import type { Fact } from "../events/fact.ts";

/** What a guard and the fields of a fact are computed from. */
export interface Given {
  readonly event: { readonly type: string };
  readonly context: unknown;
}

type Fields = ((given: Given) => object) & { readonly fixed?: object; readonly whole?: boolean };

export interface CompiledAction {
  readonly type: Fact["type"];
  /** What its fields are each time; none where they are always the same. */
  readonly compute: ((given: Given) => object) | undefined;
  /** What is computed is the whole fact. */
  readonly isWhole: boolean;
  /** The fields that are the same each time. */
  readonly fixed: object;
  /** The fact when there are no others. */
  readonly whole: Fact;
}

export interface Branch<State> {
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
export type RawTransitions = Readonly<Record<string, unknown>>;

const allowedInTransition: ReadonlySet<string> = new Set(["guard", "target", "actions"]);

export function onlyAllowed(what: string, object: object, allowed: ReadonlySet<string>): void {
  for (const key of Object.keys(object)) {
    if (!allowed.has(key)) throw new Error(`${what} uses "${key}", which does not compile`);
  }
}

export const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function compileAction(raw: unknown): CompiledAction {
  const action = typeof raw === "string" ? { type: raw } : raw;
  const { type, params } = action as { type: Fact["type"]; params?: Fields | object };
  const compute = typeof params === "function" ? (params as Fields) : undefined;
  const fixed = (compute === undefined ? params : compute.fixed) ?? {};
  const isWhole = compute?.whole === true;
  return { type, compute, isWhole, fixed, whole: { type, ...fixed } as Fact };
}

export type Guards = Readonly<Record<string, Branch<string>["guard"]>>;

export function compileBranch<State extends string>(
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

/** Whether an action tells fields that are the same each time. */
export const hasFixed = (action: CompiledAction | undefined): boolean =>
  action !== undefined && Object.keys(action.fixed).length > 0;

/** Whether an action could have told a fact: the type is the same, and so are fixed fields. */
export function couldTell({ type, fixed }: CompiledAction, fact: Fact): boolean {
  if (type !== fact.type) return false;
  const said = fact as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(fixed).every(([name, value]) => said[name] === value);
}
