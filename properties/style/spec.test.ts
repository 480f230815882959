import { describe, expect, it } from "vitest";
import type { Placed, Source } from "./source.ts";
import { nodesOf, parseSources, placeOf, textOf, writtenAs } from "./source.ts";

const sources = parseSources();
const idAt = /^\[([A-Z]{2,4}[0-9]+)\] \S/;

/** A test: where it is, its name, and the id that this starts with, if it has one. */
interface Named {
  readonly place: string;
  /** As it is written, with its quotes. */
  readonly name: string;
  readonly id: string | undefined;
  /** Its name is put together from the laws, whose ids stand in their own files. */
  readonly drawn: boolean;
  readonly skipped: boolean;
}

function namedTest(source: Source, { node }: Placed): readonly Named[] {
  if (node.type !== "CallExpression") return [];
  const callee = writtenAs(source, node.callee);
  const [name] = node.arguments;
  if (!/^(test|it)\b/.test(callee) || name === undefined) return [];
  if (name.type !== "Literal" && name.type !== "TemplateLiteral") return [];
  const written = writtenAs(source, name);
  const text = written.slice(1);
  const drawn = name.type === "TemplateLiteral" && text.startsWith("[$" + "{");
  const skipped = /\.(skip|todo)$/.test(callee);
  const id = idAt.exec(text)?.[1];
  return [{ place: placeOf(source, node), name: written, id, drawn, skipped }];
}

const tests = sources
  .filter(({ isTest }) => isTest)
  .flatMap((source) => [...nodesOf(source.tree)].flatMap((placed) => namedTest(source, placed)));

/** The ids of the laws over generated worlds, from the `id:` of each. */
const laws = sources
  .filter(({ path }) => path.startsWith("properties/laws/"))
  .flatMap(({ lines }) => lines.flatMap((line) => /^ {2}id: "(\w+)",$/.exec(line)?.[1] ?? []));

const rules = textOf("SPEC.md")
  .split("\n")
  .flatMap((line) => {
    const id = /^- (.*)$/.exec(line)?.[1]?.match(idAt)?.[1];
    return id === undefined ? [] : [{ id, isTested: !line.endsWith("(not tested by name)") }];
  });

describe("specification", () => {
  it("[ST20] a rule is one line with an id of its own", () => {
    const items = textOf("SPEC.md").split("\n");
    expect(items.filter((line) => /^\s*[-*] /.test(line))).toHaveLength(rules.length);
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  });

  it("[ST20] the name of a test starts with the id of a rule", () => {
    const known = new Set(rules.map(({ id }) => id));
    const isStray = ({ id, drawn }: Named) => !drawn && (id === undefined || !known.has(id));
    expect(tests.filter(isStray).map(({ place, id }) => `${place}: ${id ?? "no id"}`)).toEqual([]);
    expect(laws.filter((id) => !known.has(id))).toEqual([]);
  });

  it("[ST20] no two tests have one name", () => {
    const places = new Map<string, string>();
    const twice = tests.flatMap(({ name, place, drawn }) => {
      const other = places.get(name);
      places.set(name, place);
      return drawn || other === undefined ? [] : [`${place}: ${name} is at ${other}, too`];
    });
    expect(twice).toEqual([]);
  });

  it("[ST20] a rule has a test, or says that it has none", () => {
    const run = tests.filter(({ skipped }) => !skipped).flatMap(({ id }) => id ?? []);
    const tested = new Set([...run, ...laws]);
    const wrong = rules.filter(({ id, isTested }) => tested.has(id) !== isTested);
    expect(wrong.map(({ id }) => id)).toEqual([]);
  });
});
