import { describe, expect, it } from "vitest";
import type { Placed, Source } from "./source.ts";
import { lineAt, nodesOf, parseSources, placeOf, textFiles, textOf, writtenAs } from "./source.ts";

const sources = parseSources();

/** What folds: nothing in it depends on anything but the events. */
const pure = ["events", "machines", "tables", "projections", "hypervisor", "history", "calls"];

/** `path:line` of every node of `files` for which `isBad` holds. */
function placesWhere(files: readonly Source[], isBad: (placed: Placed, source: Source) => boolean) {
  return files.flatMap((source) =>
    [...nodesOf(source.tree)]
      .filter((placed) => isBad(placed, source))
      .map(({ node }) => placeOf(source, node)),
  );
}

/** `path:line` of every line of a file for which `isBad` holds. */
function linesWhere(path: string, isBad: (line: string) => boolean) {
  const lines = textOf(path).split("\n");
  return lines.flatMap((line, index) => (isBad(line) ? [`${path}:${(index + 1).toString()}`] : []));
}

describe("size", () => {
  it("[ST1] a file has at most 200 lines, or says why not in its first lines", () => {
    const long = sources.filter(
      ({ lines }) =>
        lines.length > 200 && !lines.slice(0, 5).some((line) => /^\/\/ Length: \S/.test(line)),
    );
    expect(long.map(({ path, lines }) => `${path}: ${lines.length.toString()}`)).toEqual([]);
  });

  it("[ST2] a function has at most 70 lines, but for the one that groups tests", () => {
    const functions = /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;
    const isGroup = ({ parent }: Placed, source: Source) =>
      parent?.type === "CallExpression" && /^describe\b/.test(writtenAs(source, parent.callee));
    const isLong = (placed: Placed, source: Source) => {
      const { type, start, end } = placed.node;
      if (!functions.test(type) || isGroup(placed, source)) return false;
      return lineAt(source.text, end) - lineAt(source.text, start) + 1 > 70;
    };
    expect(placesWhere(sources, isLong)).toEqual([]);
  });

  it("[ST3] a line of code has at most 100 columns", () => {
    const code = textFiles().filter((path) => /\.(tsx?|mjs)$/.test(path));
    expect(code.flatMap((path) => linesWhere(path, (line) => line.length > 100))).toEqual([]);
  });
});

describe("language", () => {
  it("[ST8] a class extends one that exists: an error, or what a library demands", () => {
    const isOwn = ({ node }: Placed) =>
      (node.type === "ClassDeclaration" || node.type === "ClassExpression") &&
      node.superClass === null;
    expect(placesWhere(sources, isOwn)).toEqual([]);
  });
});

describe("purity", () => {
  const core = sources.filter(({ folder, isTest }) => pure.includes(folder) && !isTest);
  const impure = new Set([
    ...["Date", "performance", "process", "console", "fetch", "crypto", "require", "eval"],
    ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "globalThis", "Worker"],
  ]);

  /** Whether a name stands for a variable rather than for a property or a member. */
  function isVariable({ node, parent }: Placed): boolean {
    if (parent === undefined) return true;
    if ("property" in parent && parent.property === node) return false;
    return !("key" in parent) || parent.key !== node;
  }

  it("[ST9] what folds knows no clock, no chance, no timer, no console and no process", () => {
    const isImpure = (placed: Placed, source: Source) => {
      const { node } = placed;
      if (node.type === "Identifier") return impure.has(node.name) && isVariable(placed);
      if (node.type === "MemberExpression") return writtenAs(source, node) === "Math.random";
      return node.type === "AwaitExpression";
    };
    expect(placesWhere(core, isImpure)).toEqual([]);
  });
});

describe("input", () => {
  it("[ST22] JSON is read in one place, which knows how deep it may be nested", () => {
    const isParse = ({ node }: Placed, source: Source) =>
      node.type === "MemberExpression" && writtenAs(source, node) === "JSON.parse";
    const tooling = /\/test\/|^properties\/hunt\/|\.config\.ts$/;
    const shipped = sources.filter(({ path, isTest }) => !isTest && !tooling.test(path));
    const places = placesWhere(shipped, isParse).map((place) => place.replace(/:\d+$/, ""));
    expect(places).toEqual(["events/json.ts"]);
  });
});

describe("text", () => {
  it("[ST10] no file names a folder of one machine or the host of a package registry", () => {
    const folder = /(?:^|[\s"'`(=:])\/(?:work|tmp|home|root|Users)\//;
    const registry = /\bregistry\.[a-z]+(?:js)?\.(?:org|com)\b/;
    const isForeign = (line: string) => folder.test(line) || registry.test(line);
    expect(textFiles().flatMap((path) => linesWhere(path, isForeign))).toEqual([]);
  });
});
