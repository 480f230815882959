import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Node, SourceFile } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

/** The folder that holds package.json. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** One TypeScript file of the project. */
export interface Source {
  /** Relative to the root, with `/`. */
  readonly path: string;
  /** Its first folder; empty for a file in the root. */
  readonly folder: string;
  readonly isTest: boolean;
  readonly lines: readonly string[];
  readonly tree: SourceFile;
}

/** Every TypeScript file that the type checker sees, parsed, in order of path. */
export function parseSources(): readonly Source[] {
  const compiler = new API({ cwd: root });
  const configuration = join(root, "tsconfig.json");
  const project = compiler
    .updateSnapshot({ openProjects: [configuration] })
    .getProject(configuration);
  if (project === undefined) throw new Error("tsconfig.json names no project");
  const sources = project.rootFiles.map((file): Source => {
    const tree = project.program.getSourceFile(file);
    if (tree === undefined) throw new Error(`${file} is not part of the project`);
    const path = relative(root, file).replaceAll("\\", "/");
    const folder = path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
    const isTest = path.endsWith(".test.ts");
    return { path, folder, isTest, lines: tree.text.trimEnd().split("\n"), tree };
  });
  compiler.close();
  return sources.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A node and all below it, in the order of the text. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  const children: Node[] = [];
  node.forEachChild((child) => {
    children.push(child);
  });
  for (const child of children) yield* nodesOf(child);
}

/** `path:line` of a node, the line from 1. */
export function placeOf(source: Source, node: Node): string {
  const { line } = source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree));
  return `${source.path}:${(line + 1).toString()}`;
}

/** The module names that a file imports or re-exports, types and `import()` too, as written. */
export function importsOf(source: Source): readonly string[] {
  return source.tree.imports.map((name) => name.getText(source.tree).slice(1, -1));
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
