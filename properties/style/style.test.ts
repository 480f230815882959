import type { Node } from "typescript/unstable/ast";
import { isCallExpression, isFunctionLikeDeclaration, SyntaxKind } from "typescript/unstable/ast";
import { describe, expect, it } from "vitest";
import type { Source } from "./source.ts";
import { nodesOf, parseSources, placeOf, textFiles, textOf } from "./source.ts";

const sources = parseSources();
const pure = new Set(["events", "projections", "machines"]);

/** `path:line` of every node of `files` for which `isBad` holds. */
function placesWhere(files: readonly Source[], isBad: (node: Node, source: Source) => boolean) {
  return files.flatMap((source) =>
    [...nodesOf(source.tree)]
      .filter((node) => isBad(node, source))
      .map((node) => placeOf(source, node)),
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
    const isGroup = ({ parent }: Node, { tree }: Source) =>
      isCallExpression(parent) && /^describe\b/.test(parent.expression.getText(tree));
    const linesOf = (node: Node, { tree }: Source) =>
      tree.getLineAndCharacterOfPosition(node.end).line -
      tree.getLineAndCharacterOfPosition(node.getStart(tree)).line +
      1;
    const isLong = (node: Node, source: Source) =>
      isFunctionLikeDeclaration(node) && linesOf(node, source) > 70 && !isGroup(node, source);
    expect(placesWhere(sources, isLong)).toEqual([]);
  });

  it("[ST3] a line of code has at most 100 columns", () => {
    const code = textFiles().filter((path) => /\.(ts|mjs)$/.test(path));
    expect(code.flatMap((path) => linesWhere(path, (line) => line.length > 100))).toEqual([]);
  });
});

describe("language", () => {
  const isOfKind = (kind: SyntaxKind) => (node: Node) => node.kind === kind;

  it("[ST4] there is no `any`", () => {
    expect(placesWhere(sources, isOfKind(SyntaxKind.AnyKeyword))).toEqual([]);
  });

  it("[ST5] there is no `!` after an expression", () => {
    expect(placesWhere(sources, isOfKind(SyntaxKind.NonNullExpression))).toEqual([]);
  });

  it("[ST6] there is no `enum`", () => {
    expect(placesWhere(sources, isOfKind(SyntaxKind.EnumDeclaration))).toEqual([]);
  });

  it("[ST7] there is no default export, but in the configuration of a tool", () => {
    const others = sources.filter(({ path }) => !path.endsWith(".config.ts"));
    const isDefault = ({ kind, parent }: Node) =>
      kind === SyntaxKind.ExportAssignment ||
      (kind === SyntaxKind.DefaultKeyword && parent.kind !== SyntaxKind.DefaultClause);
    expect(placesWhere(others, isDefault)).toEqual([]);
  });

  it("[ST8] a class extends one that exists: an error, or what a library demands", () => {
    const isOwn = (node: Node) =>
      (node.kind === SyntaxKind.ClassDeclaration || node.kind === SyntaxKind.ClassExpression) &&
      !/\bextends\b/.test(node.getText().split("{")[0] ?? "");
    expect(placesWhere(sources, isOwn)).toEqual([]);
  });
});

describe("purity", () => {
  const core = sources.filter(({ folder, isTest }) => pure.has(folder) && !isTest);
  const impure = new Set([
    ...["Date", "performance", "process", "console", "fetch", "crypto", "require", "eval"],
    ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "globalThis", "Worker"],
  ]);

  /** Whether an identifier stands for a variable rather than for a property or a member. */
  function isVariable({ parent, pos }: Node): boolean {
    if (parent.kind === SyntaxKind.PropertyAccessExpression) {
      return (parent as Node & { expression: Node }).expression.pos === pos;
    }
    return ![
      SyntaxKind.PropertyAssignment,
      SyntaxKind.PropertySignature,
      SyntaxKind.MethodSignature,
    ].includes(parent.kind);
  }

  it("[ST9] what folds knows no clock, no chance, no timer, no console and no process", () => {
    const isImpure = (node: Node, { tree }: Source) =>
      (node.kind === SyntaxKind.Identifier && impure.has(node.getText(tree)) && isVariable(node)) ||
      (node.kind === SyntaxKind.PropertyAccessExpression && node.getText(tree) === "Math.random") ||
      node.kind === SyntaxKind.AwaitExpression;
    expect(placesWhere(core, isImpure)).toEqual([]);
  });
});

describe("input", () => {
  it("[ST22] JSON is read in one place, which knows how deep it may be nested", () => {
    const isParse = (node: Node, { tree }: Source) =>
      node.kind === SyntaxKind.PropertyAccessExpression && node.getText(tree) === "JSON.parse";
    const shipped = sources.filter(({ isTest }) => !isTest);
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

  it("[ST11] every `// Reading:` is listed in docs/readings.md", ({ skip }) => {
    const list = "docs/readings.md";
    if (!textFiles().includes(list)) return skip();
    const flat = (text: string) => text.replace(/\s+/g, " ");
    const listed = flat(textOf(list));
    const missing = sources.flatMap(({ path, lines }) =>
      lines.flatMap((line) => {
        const reading = /^\s*\/\/ Reading: (.*)$/.exec(line)?.[1];
        return reading === undefined || listed.includes(flat(reading))
          ? []
          : [`${path}: ${reading}`];
      }),
    );
    expect(missing).toEqual([]);
  });
});
