import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { projectFolder } from "../project-folder.ts";

/** A function that goes through a mutant on its way. */
interface Turned {
  readonly file: string;
  /** How its declaration begins; the text occurs in its file exactly once. */
  readonly find: string;
  /** The function that stands before it, which knows the other as `plain`. */
  readonly before: string;
}

const cast = (name: string): string => `export function ${name}(...given)`;

/** Where the model asks its mutant. The declarations are all that is relied on. */
export const turnedFunctions: readonly Turned[] = [
  {
    file: "hypervisor/turn.ts",
    find: "export function record(",
    before: `${cast("record")} { turned.turnedRecord(...given, plain); }`,
  },
  {
    file: "hypervisor/fold.ts",
    find: "export function fold(",
    before:
      `${cast("fold")} { const [world, input, ...rest] = given; ` +
      "return turned.turnedFold(world, input, (read) => plain(world, read, ...rest)); }",
  },
  {
    file: "hypervisor/create-world.ts",
    find: "export function createWorld(",
    before: `${cast("createWorld")} { return turned.pausing(() => plain(...given)); }`,
  },
  {
    file: "projections/evolve.ts",
    find: "export function evolveFact(",
    before: `${cast("evolveFact")} { return turned.turnedEvolve(...given, plain); }`,
  },
  {
    file: "projections/registers/registers.ts",
    find: "export function readBytes(",
    before: `${cast("readBytes")} { return turned.turnedRead(...given, plain(...given)); }`,
  },
  {
    file: "events/profile/profile.ts",
    find: "export function profileOf(",
    before: `${cast("profileOf")} { return turned.turnedProfile(...given, plain); }`,
  },
];

/** Bundles the model so that it can become any of the mutants of facts and registers. */
export const turnable: Plugin = {
  name: "turnable events",
  setup(build) {
    const folder = projectFolder();
    const module = JSON.stringify(join(folder, "properties/bugs/turn-event.ts"));
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const place = turnedFunctions.find(({ file }) => path === join(folder, file));
      if (place === undefined) return undefined;
      const text = readFileSync(path, "utf8");
      if (text.split(place.find).length !== 2) throw new Error(`${place.file}: ${place.find}`);
      const plain = text.replace(place.find, "function plain(");
      const head = `import * as turned from ${module};\n`;
      return { contents: `// @ts-nocheck\n${head}${place.before}\n${plain}`, loader: "ts" };
    });
  },
};
