import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import type { World } from "./world.ts";

/** One input and what followed: what read models that look back are told, in order. */
export interface Step {
  /** Number of the input; its facts have the numbers after it. */
  readonly seq: number;
  readonly input: Input;
  readonly facts: readonly Fact[];
  readonly before: World;
  readonly after: World;
}
