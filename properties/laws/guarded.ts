import fc from "fast-check";
import { withinTime } from "./within-time.ts";

/** Why there is no value: a generator threw, or would not end. */
export interface NoValue {
  readonly why: string;
}

/** Whether a value could not be drawn. */
export const isMissing = (value: object): value is NoValue => "why" in value;

/** What another generator draws, or why it drew nothing. What it draws is not shrunk. */
class Guarded<T extends object> extends fc.Arbitrary<T | NoValue> {
  readonly #of: fc.Arbitrary<T>;
  readonly #patience: number;

  constructor(of: fc.Arbitrary<T>, patience: number) {
    super();
    this.#of = of;
    this.#patience = patience;
  }

  generate(random: fc.Random, bias: number | undefined): fc.Value<T | NoValue> {
    try {
      return withinTime(this.#patience, () => this.#of.generate(random, bias));
    } catch (error) {
      return new fc.Value<T | NoValue>({ why: String(error) }, undefined);
    }
  }

  canShrinkWithoutContext(_value: unknown): _value is T | NoValue {
    return false;
  }

  shrink(): fc.Stream<fc.Value<T | NoValue>> {
    return fc.Stream.nil();
  }
}

/**
 * The same values, where a generator that throws or hangs draws what is wrong with it instead.
 *
 * @param patience  milliseconds that one value may take.
 */
export const guarded = <T extends object>(
  of: fc.Arbitrary<T>,
  patience: number,
): fc.Arbitrary<T | NoValue> => new Guarded(of, patience);
