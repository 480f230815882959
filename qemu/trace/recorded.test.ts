import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { checkTrace } from "../../audit/trace/check.ts";
import { kindOf } from "../../audit/trace/reach.ts";
import type { TraceFormat } from "../../audit/trace/seen-trace.ts";
import type { Sequence } from "../../audit/trace/sequence.ts";
import { sequenceOf } from "../../audit/trace/sequence.ts";
import { compareSequences, countsByKind } from "./compare.ts";
import { traceOf } from "./trace.ts";

const folder = new URL("../../recordings/traces/", import.meta.url);

function linesOf(name: string): readonly string[] {
  const bytes = gunzipSync(readFileSync(new URL(`${name}.gz`, folder)));
  return bytes.toString("utf8").trimEnd().split("\n");
}

const sequence = (format: TraceFormat, lines: readonly string[]): Sequence =>
  sequenceOf(traceOf(format, lines).observations);

const findings = (format: TraceFormat, lines: readonly string[]) =>
  checkTrace(traceOf(format, lines)).findings;

/** Lines of what is invalidated, two of each kind, waits left out. */
function chosen({ entries }: Sequence): readonly { kind: string; index: number }[] {
  const byKind = new Map<string, number[]>();
  for (const entry of entries) {
    if (entry.kind === "unlogged" || kindOf(entry.words) === "wait") continue;
    const kind = kindOf(entry.words);
    byKind.set(kind, [...(byKind.get(kind) ?? []), entry.line - 1]);
  }
  return [...byKind].flatMap(([kind, all]) =>
    [...new Set([all[0], all[Math.floor(all.length / 2)]])].flatMap((index) =>
      index === undefined ? [] : [{ kind, index }],
    ),
  );
}

/** What Linux's trace alone does not show: its reason is in the guest's memory or registers. */
const unseen = new Set([
  "interruptEntry global",
  "interruptEntry index",
  "contextCache global",
  "iotlb domain",
  "deviceTlb all",
]);

describe.each([
  ["qemu10-linux61", 140, []],
  ["qemu72-linux612", 140, []],
  ["qemu10-scalable-linux61", 140, ["pasidCache global", "pasidCache pasid"]],
  ["qemu72-lazy-linux612", 66, []],
] as const)("%s, two traces of one boot", (name, count, unlogged) => {
  const vtd = linesOf(`${name}.vtd.log`);
  const linux = linesOf(`${name}.trace.txt`);
  const [first, second] = [sequence("qemu", vtd), sequence("linux", linux)];

  test("[TC16] say the same invalidations, and nothing is wrong with them", () => {
    const { differences, common, counts } = compareSequences(first, second);
    expect([differences, common, counts]).toEqual([[], count, [count, count]]);
    const named = { ...countsByKind(second) };
    let missing = 0;
    for (const kind of unlogged) {
      missing += named[kind] ?? 0;
      delete named[kind];
    }
    const { "not logged": left = 0, ...rest } = countsByKind(first);
    expect([rest, left]).toEqual([named, missing]);
    expect([findings("qemu", vtd), findings("linux", linux)]).toEqual([[], []]);
  });

  test("[TC16] one descriptor left out of QEMU's is found alone and by comparing", () => {
    for (const { kind, index } of chosen(first)) {
      const cut = vtd.toSpliced(index, 1);
      const alone = findings("qemu", cut).length > 0;
      expect([kind, alone]).toEqual([kind, true]);
      const { differences } = compareSequences(sequence("qemu", cut), second);
      expect([kind, differences.length > 0]).toEqual([kind, true]);
    }
  });

  test("[TC16] one left out of Linux's is found by comparing, and mostly alone", () => {
    for (const { kind, index } of chosen(second)) {
      const cut = linux.toSpliced(index, 1);
      const { differences } = compareSequences(first, sequence("linux", cut));
      expect(differences.map(({ only, before }) => [only, before !== undefined])).toEqual([
        [1, true],
      ]);
      const alone = findings("linux", cut).length > 0;
      if (!unseen.has(kind) && kind !== "pasidCache global")
        expect([kind, alone]).toEqual([kind, true]);
    }
  });
});
