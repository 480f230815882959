import { hexNumber, smallHex } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";

const errors = {
  "Queue Error": "IQE",
  "Time-out Error": "ITE",
  "Completion Error": "ICE",
} as const;

const errorForm = new RegExp(
  "VT-d detected Invalidation (Queue Error|Time-out Error|Completion Error)(?:: (?:Reason|SID) " +
    "([0-9a-f]+))?",
);

const error: Recogniser = (words) => {
  const [match, name, value] = errorForm.exec(words) ?? [];
  if (match === undefined) return undefined;
  const is = errors[name as keyof typeof errors];
  return { kind: "queueError", from: "Linux", error: is, value: smallHex(value) };
};

const descriptor: Recogniser = (words) => {
  const form = /QI (HEAD|PRIOR): (.*?) ?qw0 = (0x[0-9a-f]+)(?:, qw1 = (0x[0-9a-f]+))?/;
  const [, role, said, first, second] = form.exec(words) ?? [];
  const [low, high] = [hexNumber(first), hexNumber(second)];
  if (low === undefined) return undefined;
  return {
    kind: "descriptor",
    role: role === "HEAD" ? "head" : "before the head",
    words: high === undefined ? [low] : [low, high],
    said,
  };
};

const cleared: Recogniser = (words) =>
  /Invalidation (?:Queue|Time-out|Completion) Error \(I[QTC]E\) cleared/.test(words)
    ? { kind: "plain", what: "the kernel cleared the error of the queue" }
    : undefined;

/** What Linux prints of errors of the invalidation queue. */
export const readLinuxQueue: Recogniser = firstOf([error, descriptor, cleared]);
