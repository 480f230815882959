import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { captureRun } from "./test/captured-run.ts";

const folder = fileURLToPath(new URL("../explain/pastes/", import.meta.url));
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => name.slice(0, -".txt".length));

type Texts = Readonly<Record<string, string>>;

/** What is right of one finding: texts are contained, words and entries by name. */
interface Expected {
  readonly kind: string;
  readonly title?: string;
  readonly count?: number;
  readonly facts?: Texts;
  readonly entries?: Texts;
  readonly words?: Texts;
  readonly hints?: readonly string[];
  readonly verdict?: string;
  readonly verdictText?: string;
}

/** The right answer for a paste, and where such a paste is from. */
interface Answer {
  readonly source: string;
  readonly shows: string;
  readonly code?: number;
  readonly error?: string;
  readonly findings?: readonly Expected[];
  readonly notes?: readonly string[];
  readonly unrecognised?: number;
}

interface Field {
  readonly name: string;
  readonly value: string;
}

interface Told {
  readonly kind: string;
  readonly title: string;
  readonly count: number;
  readonly facts: Texts;
  readonly entries: readonly { readonly table: string; readonly fields: readonly Field[] }[];
  readonly words: readonly { readonly name: string; readonly fields: readonly Field[] }[];
  readonly hints: readonly string[];
  readonly walks: readonly { readonly verdict: { readonly kind: string; readonly text: string } }[];
}

interface Explained {
  readonly findings: readonly Told[];
  readonly notes: readonly string[];
  readonly lines: { readonly unrecognised: number };
}

const parsed = <T>(text: string): T => JSON.parse(text) as T;
const answerOf = (name: string): Answer => parsed(readFileSync(`${folder}${name}.json`, "utf8"));
const lineOf = (fields: readonly Field[]): string =>
  fields.map(({ name, value }) => `${name}=${value}`).join(" ");

/** What a finding says of everything that is expected of it. */
function shown(told: Told | undefined, expected: Expected): Partial<Expected> {
  if (told === undefined) return {};
  const pick = (names: Texts | undefined, of: Texts): Texts =>
    Object.fromEntries(Object.keys(names ?? {}).map((name) => [name, of[name] ?? "(missing)"]));
  const entries = Object.fromEntries(
    told.entries.map(({ table, fields }) => [table, lineOf(fields)]),
  );
  const words = Object.fromEntries(told.words.map(({ name, fields }) => [name, lineOf(fields)]));
  const { title = "", hints, verdictText = "" } = expected;
  const verdict = told.walks[0]?.verdict;
  const all: Partial<Expected> = {
    kind: told.kind,
    title: told.title.includes(title) ? title : told.title,
    count: told.count,
    facts: pick(expected.facts, told.facts),
    entries: pick(expected.entries, entries),
    words: pick(expected.words, words),
    hints: hints?.filter((hint) => told.hints.some((one) => one.includes(hint))) ?? [],
    verdict: verdict?.kind ?? "none",
    verdictText: verdict?.text.includes(verdictText) ? verdictText : (verdict?.text ?? "none"),
  };
  const keys = Object.keys(expected) as (keyof Expected)[];
  return Object.fromEntries(keys.map((key) => [key, all[key]]));
}

describe("pastes", () => {
  test("[PA1] there are thirty at least, each with its answer and where it is from", () => {
    expect(names.length).toBeGreaterThan(64);
    for (const name of names) {
      const { source, shows } = answerOf(name);
      expect([name, source, shows]).toEqual([name, expect.any(String), expect.any(String)]);
    }
  });

  test.each(names)("[PA1] %s is explained as it should be", async (name) => {
    const { code = 0, error = "", findings = [], notes = [], unrecognised } = answerOf(name);
    const { code: ended, out, err } = await captureRun("explain", `${folder}${name}.txt`, "--json");
    expect([ended, err.includes(error)]).toEqual([code, true]);
    if (code === 2) {
      expect([out, err.split("\n").length]).toEqual(["", 2]);
      return;
    }
    const explained = parsed<Explained>(out);
    expect(explained.findings.map(({ kind }) => kind)).toEqual(findings.map(({ kind }) => kind));
    expect(findings.map((one, index) => shown(explained.findings[index], one))).toEqual(findings);
    for (const note of notes) expect(explained.notes.join("\n")).toContain(note);
    if (unrecognised !== undefined) expect(explained.lines.unrecognised).toBe(unrecognised);
  });
});
