import type { Fact, FactOf, FactType } from "../../events/fact.ts";

/** The first fact of a type. */
export function find<T extends FactType>(facts: readonly Fact[], type: T): FactOf<T> | undefined {
  return facts.find((fact) => fact.type === type) as FactOf<T> | undefined;
}
