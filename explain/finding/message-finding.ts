import type { Evidence } from "../evidence.ts";
import type { MessageSeen } from "../observation.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";

type Message = MessageSeen & { readonly line: number };

/** Messages that are counted as one. */
const keyOf = ({ from, what, means }: MessageSeen): string => [from, what, means].join("|");

const shownEach = 4;

/** The facts of messages that are alike: each value once. */
function factsOf(messages: readonly Message[]): Readonly<Record<string, string>> {
  const values = new Map<string, Set<string>>();
  for (const { facts = {} } of messages) {
    for (const [name, value] of Object.entries(facts)) {
      values.set(name, (values.get(name) ?? new Set()).add(value));
    }
  }
  const told = [...values].map(([name, all]) => {
    const rest = all.size - shownEach;
    const text = [...all].slice(0, shownEach).join(", ");
    return [name, rest > 0 ? `${text} and ${rest} more` : text] as const;
  });
  return Object.fromEntries(told);
}

/** What the driver or the emulator says besides, messages of one kind as one. */
export function messageFindings({ messages }: Evidence): readonly Finding[] {
  const groups = new Map<string, Message[]>();
  for (const message of messages) {
    const key = keyOf(message);
    groups.set(key, [...(groups.get(key) ?? []), message]);
  }
  return [...groups.values()].flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const { from, what, means, severity, next = [], line } = first;
    return [
      finding({
        kind: "message",
        severity,
        title: `${from}: ${what}. ${means}`,
        lines: { first: line, last: all.at(-1)?.line ?? line },
        count: all.length,
        facts: factsOf(all),
        next,
      }),
    ];
  });
}

/** Lines of another architecture's IOMMU. */
export const foreignFindings = ({ foreign }: Evidence): readonly Finding[] =>
  [...foreign].map(([architecture, { line, count }]) =>
    finding({
      kind: "other architecture",
      severity: "information",
      title: `Lines of ${architecture}, not of Intel's VT-d: they are not explained here.`,
      lines: { first: line, last: line },
      count,
    }),
  );
