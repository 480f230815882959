import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Comment, Node, Program } from "oxc-parser";
import { parseSync, visitorKeys } from "oxc-parser";
import { projectFolder } from "../project-folder.ts";

/** The folder that holds package.json. */
export const root = projectFolder();

/** One TypeScript file of the project. */
export interface Source {
  /** Relative to the root, with `/`. */
  readonly path: string;
  /** Its first folder; empty for a file in the root. */
  readonly folder: string;
  readonly isTest: boolean;
  readonly text: string;
  readonly lines: readonly string[];
  readonly tree: Program;
  /** In the order of the text; each line of `//` is one. */
  readonly comments: readonly Comment[];
}

/** A node of a syntax tree and the one that it is a part of. */
export interface Placed {
  readonly node: Node;
  readonly parent: Node | undefined;
}

function parse(path: string): Source {
  const text = textOf(path);
  const { program, comments, errors } = parseSync(path, text);
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`);
  const folder = path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
  const isTest = path.endsWith(".test.ts");
  const lines = text.trimEnd().split("\n");
  return { path, folder, isTest, text, lines, tree: program, comments };
}

/** Every TypeScript file of the checkout, parsed, in order of path. */
export function parseSources(): readonly Source[] {
  const paths = textFiles().filter((path) => /\.tsx?$/.test(path));
  return paths.toSorted().map(parse);
}

/** A node and all below it, in the order of the text. */
export function* nodesOf(node: Node, parent?: Node): Generator<Placed> {
  yield { node, parent };
  const parts = node as unknown as Readonly<Record<string, Node | readonly Node[] | null>>;
  for (const key of visitorKeys[node.type] ?? []) {
    for (const child of [parts[key] ?? []].flat()) if (child !== null) yield* nodesOf(child, node);
  }
}

/** The line that a place in a text lies in, from 1. */
export const lineAt = (text: string, offset: number): number =>
  text.slice(0, offset).split("\n").length;

/** `path:line` of a node. */
export const placeOf = ({ path, text }: Source, { start }: Node): string =>
  `${path}:${lineAt(text, start).toString()}`;

/** The text of a node as written. */
export const writtenAs = ({ text }: Source, { start, end }: Node): string => text.slice(start, end);

/** The module names that a file imports or re-exports, types and `import()` too, as written. */
export function importsOf({ tree }: Source): readonly string[] {
  return [...nodesOf(tree)].flatMap(({ node }) => {
    if (!("source" in node) || node.source === null) return [];
    return node.source.type === "Literal" ? [String(node.source.value)] : [];
  });
}

/** The path from the root that an import of `source` leads to; `undefined` for a package. */
export function targetOf(source: Source, name: string): string | undefined {
  if (!name.startsWith(".")) return undefined;
  return join(dirname(source.path), name).replaceAll("\\", "/");
}

const skipped = new Set([".git", "api", "coverage", "dist", "node_modules"]);

/** Every text file of the checkout, from the root, but what is built, installed or ignored. */
export function textFiles(folder = ""): readonly string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (skipped.has(entry.name) || /\.(gz|tgz|log|png|wasm)$/.test(path)) return [];
    return entry.isDirectory() ? textFiles(path) : [path];
  });
}

/** The text of a file, given relative to the root. */
export const textOf = (path: string): string => readFileSync(join(root, path), "utf8");
