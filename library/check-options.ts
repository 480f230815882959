import type { AnyField } from "../events/field.ts";
import { count, integer, optional, text, word } from "../events/field.ts";
import { MalformedError, nameOfValue } from "../events/malformed-error.ts";
import type { ProfileWords } from "../events/profile/profile.ts";
import { reading, shapeFromValue } from "../events/shape-from-value.ts";
import type { Deviation } from "../target/deviation.ts";
import type { Make } from "../target/object-plan.ts";
import { within } from "./argument.ts";

/** How a target is checked. */
export interface CheckOptions {
  /** Which programs, a whole number; the same ones for the same seed. Any when missing. */
  readonly seed?: number;
  /** The only program of the seed that is run: the path of an earlier failure. */
  readonly path?: number;
  /** Programs at most, one or more; 300 when missing. */
  readonly runs?: number;
  /** Seconds at most, more than 0; as long as it takes when missing. */
  readonly seconds?: number;
  /** Seconds that shrinking may take; 10 when missing. */
  readonly shrinkSeconds?: number;
  /** Seconds that one answer may take, more than 0 and up to 2,147,483; 5 when missing. */
  readonly timeout?: number;
  /** The unit that it is to be; what it says itself when missing. */
  readonly profile?: ProfileWords;
  /** Ways in which it is known to differ, and which are passed by. */
  readonly deviations?: readonly Deviation[];
}

const profileWords = {
  ...{ name: optional(text), ver: word, cap: word, ecap: word },
  haw: optional(count),
} satisfies Record<keyof ProfileWords, AnyField>;

const whole = {
  seed: optional(integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
  path: optional(count),
  runs: optional(integer(1, Number.MAX_SAFE_INTEGER)),
};

/** Of each time, whether it may be nothing, and the most that a timer takes. */
const times = {
  seconds: { least: Number.MIN_VALUE, most: Number.MAX_VALUE },
  shrinkSeconds: { least: 0, most: Number.MAX_VALUE },
  timeout: { least: Number.MIN_VALUE, most: 2_147_483 },
} as const;

type Said = Readonly<Record<string, unknown>>;

const fail = (field: string, expected: string, value: unknown): never => {
  const reason = `expected ${expected}, found ${nameOfValue(value)}`;
  throw new MalformedError("options", field, reason);
};

function checkTime(name: keyof typeof times, value: unknown): void {
  const { least, most } = times[name];
  if (value === undefined) return;
  if (typeof value === "number" && value >= least && value <= most) return;
  const bounds = least === 0 ? "from 0" : "more than 0";
  const end = most === Number.MAX_VALUE ? "" : `, up to ${most.toString()}`;
  fail(name, `a finite number of seconds, ${bounds}${end}`, value);
}

function checkDeviation(value: unknown, index: number): Deviation {
  const path = `deviations[${index.toString()}]`;
  if (typeof value !== "object" || value === null) return fail(path, "an object", value);
  const { id, explains } = value as Partial<Deviation>;
  if (typeof id !== "string") return fail(`${path}.id`, "text", id);
  if (typeof explains !== "function") return fail(`${path}.explains`, "a function", explains);
  return value as Deviation;
}

function checkDeviations(value: unknown): readonly Deviation[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return fail("deviations", "a list", value);
  return Array.from<unknown>(value).map(checkDeviation);
}

/** The words of a unit: a whole profile has more, which follow from them. */
function checkProfile(value: unknown): ProfileWords | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null) return fail("profile", "an object", value);
  const { name, ver, cap, ecap, haw } = value as Said;
  const words = { name, ver, cap, ecap, haw };
  return within("options", "profile", () => shapeFromValue("options", profileWords, words));
}

/** What options say, as a copy that nobody else can change. @throws MalformedError */
export const checkOptions = (value: CheckOptions) =>
  reading("options", () => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return fail("", "an object", value);
    }
    const { seconds, shrinkSeconds, timeout, profile, deviations, ...rest } = { ...value };
    const numbers = shapeFromValue("options", whole, rest);
    const asked = { seconds, shrinkSeconds, timeout };
    for (const name of ["seconds", "shrinkSeconds", "timeout"] as const) {
      checkTime(name, asked[name]);
    }
    const words = checkProfile(profile);
    return { ...numbers, ...asked, words, deviations: checkDeviations(deviations) };
  });

/** What makes a target. @throws MalformedError when it is no function. */
export function checkMake(make: Make): Make {
  if (typeof make === "function") return make;
  throw new MalformedError("make", "", `expected a function, found ${nameOfValue(make)}`);
}
