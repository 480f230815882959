import { shortened } from "./log/excerpt.ts";

/** A value that somebody passed cannot be what it was passed for: which field, and why. */
export class MalformedError extends Error {
  /** What was read: the type of an event, or what else was expected: `event`, `set-up`, `world`. */
  readonly subject: string;
  /**
   * The field that is wrong, like `iova` or `guests[0].p2m[2].gpa`; empty where the value as a
   * whole is.
   */
  readonly field: string;
  readonly reason: string;

  constructor(subject: string, field: string, reason: string) {
    super([subject, field, reason].filter((part) => part !== "").join(": "));
    this.name = "MalformedError";
    this.subject = subject;
    this.field = field;
    this.reason = reason;
  }
}

/** A proxy that was revoked is none, though asking throws. */
function isList(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** A value of any kind in a few words, for an error. Runs nothing of the value's own. */
export function nameOfValue(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "nothing";
    case "string":
      return shortened(JSON.stringify(value.slice(0, 80)));
    case "number":
    case "boolean":
      return String(value);
    case "bigint":
      return BigInt.asIntN(300, value) === value ? `${value.toString()}n` : "a long bigint";
    case "object":
      if (value === null) return "null";
      return isList(value) ? "a list" : "an object";
    default:
      return `a ${typeof value}`;
  }
}
