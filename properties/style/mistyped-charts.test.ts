import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execPath } from "node:process";
import { describe, expect, it } from "vitest";
import { root, textOf } from "./source.ts";

const path = "properties/style/mistyped-charts.ts";
const marker = /\/\/ @ts-expect-error (.+)$/;

/** An error of the compiler's: the line of the file, and all that it says. */
interface Complaint {
  readonly line: number;
  readonly text: string;
}

/** What the compiler complains of in a text that stands in for the file of mistakes. */
function complaintsOf(text: string): readonly Complaint[] {
  const folder = mkdtempSync(join(tmpdir(), "mistyped-"));
  try {
    const home = join(root, dirname(path)).replaceAll("\\", "/");
    writeFileSync(join(folder, "mistyped.ts"), text.replace(/(?<= from ")(?=\.)/g, `${home}/`));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const compilerOptions = { typeRoots: [join(root, "node_modules/@types")] };
    const config = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["."] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = spawnSync(execPath, [compiler, "-p", folder], { encoding: "utf8" });
    return stdout
      .split(/\n(?! )/)
      .filter((error) => error !== "")
      .map((error) => ({ line: Number(/^\S*mistyped\.ts\((\d+),/.exec(error)?.[1]), text: error }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("what a chart is asked and told", () => {
  const lines = textOf(path).split("\n");
  const marks = lines.flatMap((line, index) => {
    const word = marker.exec(line)?.[1];
    return word === undefined ? [] : [{ line: index + 2, word }];
  });
  const complaints = complaintsOf(lines.map((line) => line.replace(marker, "//")).join("\n"));

  it("[CH3] a mistake in a stimulus, a fact, a state or a definition does not compile", () => {
    expect(marks.length).toBeGreaterThan(40);
    const places = complaints.map(({ line }) => line);
    expect(marks.filter(({ line }) => !places.includes(line))).toEqual([]);
  });

  it("[CH3] the compiler complains of the mistake, and of nothing else", () => {
    const words = new Map(marks.map(({ line, word }) => [line, word]));
    const strays = complaints.filter(({ line, text }) => !text.includes(words.get(line) ?? "\n\n"));
    expect(strays).toEqual([]);
  });
});
