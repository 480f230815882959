import { formatSourceId, hex } from "../../events/address.ts";
import { Iqercd } from "../../events/registers/queue.ts";
import type { Evidence, QueueError } from "../evidence.ts";
import type { DescriptorSeen } from "../observation.ts";
import { shownDescriptor } from "../text/descriptor-fields.ts";
import type { Finding, ShownWord } from "./finding.ts";
import { finding } from "./finding.ts";
import { steps } from "./next-step.ts";

const reasons: Readonly<Record<number, string>> = {
  0: "the unit does not tell why",
  1: "the tail is beyond the queue",
  2: "a descriptor could not be read",
  3: "a descriptor's type is none that the unit knows",
  4: "a reserved field of a descriptor is set",
  5: "the width in IQA does not fit the mode",
  6: "the tail is not a multiple of a wide descriptor",
  7: "the translation mode is none that the unit knows",
};

const names = {
  IQE: "Invalidation queue error: the unit halted at a descriptor.",
  ITE: "Invalidation time-out: a device's TLB did not answer.",
  ICE: "Invalidation completion error: a device's TLB answered wrongly.",
} as const;

const word = (name: string, { words, said }: DescriptorSeen): ShownWord => {
  const { text, value, fields, flaw } = shownDescriptor(words);
  const own = said === undefined || said === "" ? "" : `the line calls it "${said}"; `;
  const note = `${own}${text}${flaw === undefined ? "" : `; ${flaw}`}`;
  return { name, value, fields, note };
};

/** Everything reads as ones: the registers themselves did not answer. */
const isAllOnes = ({ errors }: QueueError): boolean =>
  errors.length === 3 &&
  errors.every(({ error, value }) => (error === "IQE" ? value === 0xf : value === 0xffff));

function factsOf({ errors }: QueueError): Readonly<Record<string, string>> {
  const facts = errors.flatMap(({ error, value }): (readonly [string, string])[] => {
    if (value === undefined) return [[error, "set"]];
    if (error === "IQE") {
      const { msb, lsb } = Iqercd.fields.iqei;
      const why = reasons[value] ?? `reserved; bits ${msb}:${lsb} of IQERCD`;
      return [["IQE", `${hex(value)}: ${why}`]];
    }
    const who = value === 0 ? "not told (units before 4.1 do not)" : formatSourceId(value);
    return [[error, `of device ${who}`]];
  });
  return Object.fromEntries(facts);
}

/** The device that a descriptor before the head asks to forget. */
function askedDevice({ descriptors }: QueueError): readonly string[] {
  return descriptors.flatMap(({ words }) => {
    const { text } = shownDescriptor(words);
    const device = /deviceTlb \w+.* of ([0-9a-f:.]+)/i.exec(text)?.[1];
    if (device === undefined) return [];
    return [`The queue was asking the TLB of ${device} to forget: that device did not answer.`];
  });
}

function errorFinding(error: QueueError): Finding {
  const { line, errors, descriptors } = error;
  const [first] = errors;
  const kinds = errors.map((one) => one.error);
  const isTimeOut = kinds.includes("ITE");
  const hints = isAllOnes(error)
    ? [
        "Every field reads as ones, and the descriptors are zero: the unit's registers did not " +
          "answer. The path to the unit is gone (bridge or power), not the queue.",
      ]
    : isTimeOut
      ? askedDevice(error)
      : [];
  return finding({
    kind: "queue error",
    severity: "error",
    title: first === undefined ? "An error of the invalidation queue." : names[first.error],
    lines: { first: line, last: line },
    facts: factsOf(error),
    words: descriptors.map((one) =>
      word(`descriptor at the ${one.role === "head" ? "head" : "place before"}`, one),
    ),
    hints,
    usual: isTimeOut
      ? [
          "the device is gone, in reset or in a power state in which it does not answer (ATS)",
          "the device says that it has a TLB (ATS capability) and has none that works",
        ]
      : ["a driver wrote a descriptor that the unit does not know, or in the wrong width"],
    next: [steps.lspci, steps.queue, steps.registers, steps.maps],
  });
}

/** Descriptors that a line shows alone. */
function refusedFindings({ descriptors }: Evidence): readonly Finding[] {
  const refused = descriptors.filter(({ role }) => role !== "ring");
  return refused.map(({ line, ...one }) =>
    finding({
      kind: "descriptor",
      severity: "error",
      title:
        "A descriptor of the invalidation " +
        `queue${one.said === undefined ? "" : ` was refused: ${one.said}`}.`,
      lines: { first: line, last: line },
      words: [word("descriptor", one)],
      usual: [
        "the guest's driver sets bits that the unit does not know, or names a type it has not",
      ],
      next: [steps.vtdTrace],
    }),
  );
}

const shownRing = 16;

/** A queue as debugfs shows it. */
function ringFindings({ queues, descriptors }: Evidence): readonly Finding[] {
  return queues.map((queue, index) => {
    const end = queues[index + 1]?.line ?? Number.POSITIVE_INFINITY;
    const own = descriptors.filter(
      ({ role, line }) => role === "ring" && line > queue.line && line < end,
    );
    const used = own.filter(({ words }) => words.some((one) => one !== 0n));
    const { head, tail, unit, base, line } = queue;
    const isIdle = head === tail;
    return finding({
      kind: "descriptor",
      severity: isIdle ? "information" : "warning",
      title: isIdle
        ? `The invalidation queue of ${unit} is empty: head and tail are at ${head}.`
        : `The invalidation queue of ${unit} has work: head ${head}, tail ${tail}.`,
      lines: { first: line, last: own.at(-1)?.line ?? line },
      facts: {
        unit,
        base: hex(base),
        head: head.toString(),
        tail: tail.toString(),
        rows: own.length.toString(),
      },
      words: used
        .slice(0, shownRing)
        .map((one) => word(`entry ${(one.index ?? 0).toString()}`, one)),
      hints: isIdle
        ? []
        : ["If it stays so, the unit is halted: FSTS (IQE, ITE) in iommu_regset says why."],
      next: isIdle ? [] : [steps.registers],
    });
  });
}

/** What a paste says of invalidation queues. */
export const queueFindings = (evidence: Evidence): readonly Finding[] => [
  ...evidence.queueErrors.map(errorFinding),
  ...refusedFindings(evidence),
  ...ringFindings(evidence),
];
