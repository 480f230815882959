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

const asked = ["--device", "00:04.0", "--pasid", "0x41", "--iova", "0x123456000", "--at", "97"];

/** The log with other words in the context entry of 00:04.0, and bits of ECAP turned over. */
function withEntry(name: string, entry: string, bits: Parameters<typeof Ecap.encode>[0]): string {
  const old = "050a0300000000000201000000000000051001";
  expect(log).toContain(old);
  const ecap = BigInt(word) ^ Ecap.encode(bits);
  const text = log.replace(word, `0x${ecap.toString(16)}`).replaceAll(old, entry);
  return fileOf(`${name}.ndjson`, text);
}

it.each([
  [
    ...["neste", "050e0300000000000201000000000000051001"],
    ...[{ nest: true }, "NESTE is reserved: ECAP.NEST is 0."],
  ],
  ["guest", "11020300000000000201000000000000051001", {}, "T=100b needs PASIDE."],
  ["paside", "05060300000000000201000000000000051001", {}, "NESTE needs PASIDE."],
  [
    ...["pts", "050a03000000000002010000000000000f1001", { pss: 26 }],
    "PTS asks for PASIDs of 20 bits; ECAP.PSS allows 10.",
  ],
] as const)(
  "[EC97] why says what is wrong with an extended context entry: %s",
  async (...given) => {
    const [name, entry, bits, why] = given as [string, string, object, string];
    const { out } = await run("why", withEntry(name, entry, bits), ...asked);
    expect(out).toContain(`- ${why}\n`);
  },
);

it("[EC97] why says that a root pointer names tables that the unit does not have", async () => {
  const file = withEcap({ ecs: true });
  const { out } = await run("why", file, "--device", "00:04.0", "--iova", "0x40007000");
  expect(out).toMatch(/fault 30h, .*\n/);
  expect(out).toContain("- The root pointer that is set names tables of a mode");
});
