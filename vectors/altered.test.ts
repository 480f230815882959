import { describe, expect, it } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
import { alterationsIn } from "./altered.ts";
import { vectorsOf } from "./chosen.ts";
import { decodeVectors, encodeVectors } from "./format.ts";

const profile = profiles["hardware-2008"];
const lines = encodeVectors(
  profile,
  vectorsOf(profile).map(({ vector }) => vector),
).split("\n");

interface Line {
  id: string;
  needs: string[];
  steps: { op: string; about?: string; expect: Record<string, unknown>; [name: string]: unknown }[];
}

/** What is said of a file in which one case was changed: its id before it. */
function said(change: (line: Line) => unknown): readonly string[] {
  const at = lines.findIndex((line, index) => {
    const copy = index > 0 && line !== "" ? (JSON.parse(line) as Line) : undefined;
    return copy !== undefined && change(copy) !== undefined;
  });
  expect(at).toBeGreaterThan(0);
  const line = JSON.parse(lines[at] ?? "") as Line;
  change(line);
  const file = decodeVectors(lines.toSpliced(at, 1, JSON.stringify(line)).join("\n"));
  const found = [...alterationsIn(file)].filter(({ text }) => text !== undefined);
  expect(found.map(({ vector }) => vector.id)).toEqual([line.id]);
  return found.map(({ text = "" }) => text);
}

const stepOf = ({ steps }: Line, op: string) => steps.find((step) => step.op === op);

describe("a case of a file", () => {
  it("[VC12] that is as the model makes it is not told", () => {
    const file = decodeVectors(lines.join("\n"));
    expect([...alterationsIn(file)].filter(({ text }) => text !== undefined)).toEqual([]);
  });

  const changes: readonly (readonly [string, (line: Line) => unknown, RegExp])[] = [
    [
      "an answer",
      (line) => {
        const expected = line.steps.find(({ expect }) => "fault" in expect)?.expect;
        if (expected !== undefined) expected["fault"] = Number(expected["fault"]) ^ 1;
        return expected;
      },
      /^step \d+: fault \d+, expected \d+$/,
    ],
    [
      "a register in the end",
      ({ steps }) => {
        const expected = steps.find(({ about }) => about === "all")?.expect;
        if (expected !== undefined) expected["bytes"] = `ff${String(expected["bytes"]).slice(2)}`;
        return expected;
      },
      /^step \d+: bytes /,
    ],
    [
      "bits that count",
      ({ steps }) => {
        const expected = steps.find(({ about }) => about === "all")?.expect;
        if (expected !== undefined) expected["mask"] = String(expected["mask"]).replace("f", "0");
        return expected;
      },
      /^step \d+ expects something else$/,
    ],
    [
      "what is asked",
      (line) => {
        const step = stepOf(line, "dma");
        if (step !== undefined) step["source"] = Number(step["source"]) ^ 0x1000;
        return step;
      },
      /^step \d+/,
    ],
    ["the last step", ({ steps }) => steps.pop(), /^it ends before step \d+$/],
    [
      "more steps",
      ({ steps }) => steps.push(...steps.slice(-1)),
      /^it goes on after its last step$/,
    ],
    ["what it needs", ({ needs }) => needs.push("ats"), /^it needs nothing$/],
  ];
  it.each(changes)("[VC12] that was changed is told: %s", (_, change, text) => {
    expect(said(change)).toEqual([expect.stringMatching(text)]);
  });
});
