import type { FactOf, FactType } from "../events/fact.ts";

/** What a fact of some type says, without its type and its guest. */
export type FieldsOf<T extends FactType> = Omit<FactOf<T>, "type" | "guest">;

/** What guards and the fields of facts are computed from. */
export interface Given<Event, Unit = unknown> {
  readonly event: Event;
  /** What is kept of the unit beside its chart's state. */
  readonly context: Unit;
}

/**
 * A question about a stimulus and the unit. Where transitions of one state tell the same fact and
 * lead to different states, their guards are asked of that fact too: they read only what it says,
 * and the unit.
 */
export type Guard<Unit> = (given: Given<never, Unit>) => boolean;

/** Fields that are the same each time; they tell a fact from its like. */
type Fixed<T extends FactType> = Partial<FieldsOf<T>>;

/** Computes a fact's fields. One that says its type is the whole fact. */
type Fields<T extends FactType, Event, Unit> = ((
  given: Given<Event, Unit>,
) => FieldsOf<T> | FactOf<T>) & { readonly fixed?: Fixed<T> };

/** An action: a fact, its fields computed from the stimulus and the unit, or constant. */
export interface Telling<T extends FactType, Event, Unit> {
  readonly type: T;
  readonly params: Fields<T, Event, Unit> | FieldsOf<T>;
}

/** No field that the fact has not. */
type Exactly<Wanted, Found> = Found & {
  readonly [K in Exclude<keyof Found, keyof Wanted>]: never;
};

/** The action that tells a fact. A field that is missing, misspelt or too much does not compile. */
export const tell = <
  T extends FactType,
  Found extends FieldsOf<T>,
  Event = unknown,
  Unit = unknown,
>(
  type: T,
  fields: (given: Given<Event, Unit>) => Exactly<FactOf<T>, Found>,
): Telling<T, Event, Unit> => ({ type, params: fields });

/** The action that tells a fact which is there as a whole. */
export const tellFact = <T extends FactType, Event = unknown, Unit = unknown>(
  type: T,
  fact: (given: Given<Event, Unit>) => FactOf<T>,
): Telling<T, Event, Unit> => ({ type, params: Object.assign(fact, { whole: true }) });

/** The action that tells a fact of which some fields are the same each time. */
export const tellWith = <
  T extends FactType,
  const Same extends Fixed<T>,
  Found extends Omit<FieldsOf<T>, keyof Same>,
  Event = unknown,
  Unit = unknown,
>(
  type: T,
  fixed: Exactly<FieldsOf<T>, Same>,
  fields: (given: Given<Event, Unit>) => Exactly<FieldsOf<T>, Found>,
): Telling<T, Event, Unit> => {
  const params = (given: Given<Event, Unit>) => ({ ...fields(given), ...fixed }) as FieldsOf<T>;
  return { type, params: Object.assign(params, { fixed }) };
};

/** The action that tells the same fact each time. */
export const tellOf = <T extends FactType, Found extends FieldsOf<T>>(
  type: T,
  fields: Exactly<FieldsOf<T>, Found>,
): Telling<T, unknown, unknown> => ({ type, params: fields });

/** Facts that say nothing beside their type. */
type Bare<T extends FactType> = T extends FactType
  ? Record<never, never> extends FieldsOf<T>
    ? T
    : never
  : never;

type Action<T extends FactType, Event, Unit> =
  | Bare<T>
  | (T extends FactType ? Telling<T, Event, Unit> : never);

/** One transition: to another state or not, telling a fact or not. */
export interface Transition<State, T extends FactType, Event, Unit, Name> {
  readonly guard?: Name;
  readonly target?: State;
  readonly actions?: Action<T, Event, Unit> | readonly Action<T, Event, Unit>[];
}

/** What each stimulus does: the first transition whose guard holds. */
export type Transitions<
  State,
  T extends FactType,
  Stimulus extends { readonly type: string },
  Unit,
  Name,
> = {
  readonly [K in Stimulus["type"]]?:
    | State
    | Transition<State, T, Extract<Stimulus, { readonly type: K }>, Unit, Name>
    | readonly Transition<State, T, Extract<Stimulus, { readonly type: K }>, Unit, Name>[];
};

/** A flat xstate machine whose actions are facts. */
export interface Definition<
  State extends string,
  Stimulus extends { readonly type: string },
  Told extends FactType,
  Unit,
  Name extends string,
> {
  readonly id: string;
  readonly initial: State;
  readonly guards?: { readonly [K in Name]: Guard<Unit> };
  /** In the order in which software drives the unit. */
  readonly states: {
    readonly [S in State]: {
      readonly description?: string;
      readonly on?: Transitions<State, Told, Stimulus, Unit, NoInfer<Name>>;
    };
  };
  /** Of every state that does not say otherwise; xstate wants a dot before its targets. */
  readonly on?: Transitions<`.${State}`, Told, Stimulus, Unit, NoInfer<Name>>;
}
