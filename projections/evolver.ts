import type { FactOf, FactType } from "../events/fact.ts";
import type { Guest } from "./guest.ts";

/** What a fact of each type does to its guest; a type that is missing changes nothing. */
export type Evolvers = {
  readonly [T in FactType]?: (guest: Guest, fact: FactOf<T>, seq: number) => Guest;
};
