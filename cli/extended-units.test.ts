import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { Ecap } from "../events/registers/capability.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("extended-units", afterAll);

const log = readFileSync("docs/nesting/extended-svm.ndjson", "utf8");
const [, word = ""] = /"ecap":"(0x[0-9a-f]+)"/.exec(log) ?? [];

/** The log of 2016 with some capabilities of its unit turned over. */
const withEcap = (bits: Parameters<typeof Ecap.encode>[0]): string => {
  const other = BigInt(word) ^ Ecap.encode(bits);
  const name = Object.keys(bits).join("-");
  return fileOf(`${name}.ndjson`, log.replace(word, `0x${other.toString(16)}`));
};

it.each([
  ["with SMTS", { smts: true }, "ECAP.ECS and ECAP.SMTS are of different versions"],
  ["with ADMS", { adms: true }, "ECAP.ECS and ECAP.ADMS are of different versions"],
  ["with DIS", { dis: true }, "ECAP.DIS is set: deferred invalidation is not modelled"],
  ["with POT", { pot: true }, "ECAP.POT is set: PASID-only translation is not modelled"],
  ["without QI", { qi: true, ir: true, eim: true, dt: true, prs: true }, "ECAP.ECS needs ECAP.QI"],
])("[EC96] a log of extended contexts %s is refused in one line", async (_name, bits, why) => {
  const file = withEcap(bits);
  for (const words of [["replay"], ["state"], ["audit"], ["calls"]]) {
    expect(await run(...words, file)).toEqual({ code: 2, out: "", err: `${file}:1: ${why}\n` });
  }
});
