import { isBuiltin } from "node:module";
import { describe, expect, it } from "vitest";
import { importsOf, parseSources, targetOf, textOf } from "./source.ts";

const sources = parseSources();
const paths = new Set(sources.map(({ path }) => path));

/** Each imports from those before it; the last group from each other too, if without a circle. */
const core = [
  "events",
  "machines",
  "tables",
  "projections",
  "hypervisor",
  "history",
  "calls",
  "properties",
  "audit",
];

/** What a folder may import besides its own files, where that is less than all before it. */
const narrow: Readonly<Record<string, RegExp>> = {
  machines: /^events\//,
  tables: /^events\/(address|page)\.ts$/,
};

/**
 * The page of the debugger is bundled with what it imports, so that it ships no package. It knows
 * the engine by messages alone.
 */
const isBundled = (path: string): boolean => path.startsWith("debugger/");
const page = /^debugger\/(page\/|protocol\.ts$)/;
const beside = ["qemu", "target", "vectors", "explain", "explore", "seal"];
const around = ["cli", "bench", "docs", "debugger", ...beside, "library"];

/** The public modules, by the name that they are imported by. */
const { library } = JSON.parse(textOf("build/entries.json")) as {
  library: Readonly<Record<string, string>>;
};

const rankOf = (folder: string): number => {
  const rank = core.indexOf(folder);
  return rank === -1 ? core.length : rank;
};

/** Every import of one project file by another: from path to path. */
const edges = sources.flatMap((source) =>
  importsOf(source).flatMap((name) => {
    const to = targetOf(source, name);
    return to === undefined ? [] : [{ from: source.path, to }];
  }),
);
const folderOf = (path: string): string => path.split("/")[0] ?? "";

/** A circle in a graph: its nodes, with the first one again at the end; empty if there is none. */
function circleIn(graph: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): readonly string[] => {
    const start = trail.indexOf(node);
    if (start !== -1) return [...trail.slice(start), node];
    if (done.has(node)) return [];
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next, [...trail, node]);
      if (circle.length > 0) return circle;
    }
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const circle = visit(node, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

/** The imports as a graph of files, or of what `nameOf` makes of them. */
function graphOf(nameOf: (path: string) => string): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of edges) {
    const targets = graph.get(nameOf(from)) ?? new Set();
    if (nameOf(from) !== nameOf(to) || from === to) targets.add(nameOf(to));
    graph.set(nameOf(from), targets);
  }
  return graph;
}

describe("imports", () => {
  it("[ST12] a file lies in a known folder", () => {
    const known = new Set([...core, ...around, "vitest.config.ts"]);
    expect([...paths].filter((path) => !known.has(folderOf(path)))).toEqual([]);
  });

  it("[ST13] a folder imports only from those before it", () => {
    const upward = edges.filter(({ from, to }) => rankOf(folderOf(from)) < rankOf(folderOf(to)));
    expect(upward).toEqual([]);
    expect(circleIn(graphOf(folderOf))).toEqual([]);
  });

  it("[ST21] charts know events alone, and trees of pages know nothing of VT-d", () => {
    const wide = edges.filter(({ from, to }) => {
      const allowed = narrow[folderOf(from)];
      return allowed !== undefined && folderOf(from) !== folderOf(to) && !allowed.test(to);
    });
    expect(wide).toEqual([]);
  });

  it("[ST24] the debugger's page knows its engine by messages, its engine no page", () => {
    const wide = edges.filter(({ from, to }) => {
      if (from.startsWith("debugger/page/")) return !page.test(to);
      return from.startsWith("debugger/engine/") && to.startsWith("debugger/page/");
    });
    expect(wide).toEqual([]);
    const foreign = sources
      .filter(({ path, isTest }) => isBundled(path) && !isTest && !path.includes("/test/"))
      .flatMap((source) => importsOf(source).filter((name) => !name.startsWith(".")));
    // A page asks its server for a proof, which is made of a digest.
    const known = /^(preact(\/hooks)?|@preact\/signals|fflate|@noble\/hashes\/\w+\.js)$/;
    expect(foreign.filter((name) => !known.test(name))).toEqual([]);
  });

  it("[ST14] imports make no circle", () => {
    expect(circleIn(graphOf((path) => path))).toEqual([]);
  });

  it("[ST15] the name of a file says what it is about", () => {
    const vague = /(^|\/)(utils?|helpers?|common|types|index|misc)\.ts$/;
    expect([...paths].filter((path) => vague.test(path))).toEqual([]);
  });

  it("[ST16] what folds imports nothing of Node, what ships no package of development", () => {
    const packages = JSON.parse(textOf("package.json")) as { dependencies: Record<string, string> };
    const isShipped = (name: string) =>
      Object.keys(packages.dependencies).some((one) => name === one || name.startsWith(`${one}/`));
    const wrong = sources.flatMap((source) => {
      const isTool = /^(vectors\/select|bench)\//.test(source.path);
      const isForTests = source.isTest || source.path.includes("/test/") || isTool;
      const free =
        isForTests || isBundled(source.path) || rankOf(source.folder) === rankOf("properties");
      if (free || source.folder === "") return [];
      const foreign = importsOf(source).filter((name) => !name.startsWith("."));
      const mayUseNode = rankOf(source.folder) === core.length;
      return foreign
        .filter((name) =>
          isBuiltin(name) ? !mayUseNode && name !== "node:buffer" : !isShipped(name),
        )
        .map((name) => `${source.path}: ${name}`);
    });
    expect(wrong).toEqual([]);
  });
});

describe("package", () => {
  it("[ST17] package.json exports exactly the library files that build/entries.json lists", () => {
    const { exports } = JSON.parse(textOf("package.json")) as { exports: Record<string, unknown> };
    const wanted = Object.entries(library).map(([name, path]) => {
      const types = `./dist/types/${path.replace(/\.ts$/, ".d.ts")}`;
      const files = { types, default: `./dist/library/${name}.mjs` };
      return [name === "shadowfold" ? "." : `./${name}`, files];
    });
    expect(exports).toEqual({ ...Object.fromEntries(wanted), "./package.json": "./package.json" });
    expect(Object.values(library).filter((path) => !paths.has(path))).toEqual([]);
  });
});
