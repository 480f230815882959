import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseScript, playScript } from "../fuzz/play.ts";
import { installedQemu } from "../test/installed.ts";
import { qemuAvoids } from "./avoidance.ts";
import { knownDeviations } from "./known.ts";
import { qemuDeviations } from "./qemu-deviations.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "scripts");
const scripts = readdirSync(folder).map((file) => {
  const [id = "", version = ""] = file.replace(".qtest", "").split("@");
  return { file, id, version, text: readFileSync(join(folder, file), "utf8") };
});
const { qemu, why } = await installedQemu();

describe("known deviations", () => {
  test("[QF1] each has a predicate or is avoided, and each that has one is described", () => {
    const known = knownDeviations.map(({ id }) => id).sort();
    const acting = [...qemuDeviations, ...qemuAvoids].map(({ id }) => id).sort();
    expect(known).toEqual(acting);
    const documented = readFileSync(join(folder, "../../../docs/qemu-deviations.md"), "utf8");
    for (const { id, does } of knownDeviations) {
      expect(documented).toContain(`| \`${id}\` | ${does} |`);
    }
  });

  test("[QF2] each deviation has a script of a version that has it, which can be read", () => {
    const ids = new Set(knownDeviations.map(({ id }) => id));
    for (const { id, text } of scripts) {
      expect(ids.has(id)).toBe(true);
      const { commands, isDeadly } = parseScript(text);
      expect(commands.length).toBeGreaterThan(0);
      expect(isDeadly || text.includes(" differs from the model: ")).toBe(true);
    }
    const shown = new Set(scripts.map(({ id, version }) => `${id} ${version}`));
    for (const { id, seen } of knownDeviations) {
      expect([id, seen.some((version) => shown.has(`${id} ${version}`))]).toEqual([id, true]);
    }
  });

  const played = scripts.filter(({ version }) => `${qemu?.version}.`.startsWith(`${version}.`));
  test.skipIf(qemu === undefined)(
    `[QF3] QEMU alone answers each script as it says${why}`,
    async () => {
      for (const { file, text } of played) {
        const { played: answers, death, isDeadly } = await playScript(qemu ?? never(), text);
        const other = answers.filter(
          ({ answer, recorded }) => recorded !== undefined && recorded !== answer,
        );
        expect([file, other, death === undefined]).toEqual([file, [], !isDeadly]);
      }
    },
  );
});

function never(): never {
  throw new Error("there is no QEMU");
}
