import type { FactOf, FactType } from "../events/fact.ts";
import type { Draft, Guest } from "./guest.ts";

/**
 * What a fact of each type does to its guest; a type that is missing changes nothing. It is written
 * into a copy that nobody else has seen, of the guest alone: what the guest consists of is replaced
 * and never changed.
 */
export type Evolvers = {
  readonly [T in FactType]?: (guest: Draft<Guest>, fact: FactOf<T>, seq: number) => void;
};
