import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { captureRun as run } from "../cli/test/captured-run.ts";
import type { Input, InputOf } from "../events/input.ts";
import { parseHeader } from "../events/log/log.ts";
import { profiles } from "../events/profile/profiles.ts";
import { at } from "../events/registers/offset.ts";
import { flat } from "../properties/examples/given.ts";
import { outcomeOf } from "../properties/oracle/extended/outcome.ts";
import { pasidBits } from "../properties/oracle/extended/unit.ts";
import { sharedMemoryOf2016 } from "./extended-svm.ts";

const [name, setup, inputs] = sharedMemoryOf2016;
const [guest] = setup.guests;

/** What the CPU has written, word by word; nothing where the guest has no memory. */
function rawMemory() {
  const words = new Map<bigint, bigint>();
  const isThere = (gpa: bigint): boolean =>
    guest?.p2m.some((one) => gpa >= one.gpa && gpa < one.gpa + one.length) === true;
  const write = ({ gpa, bytes }: InputOf<"MemoryWrite">): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let from = 0; from + 8 <= bytes.length; from += 8) {
      words.set(gpa + BigInt(from), view.getBigUint64(from, true));
    }
  };
  const read64 = (gpa: bigint) => (isThere(gpa) ? (words.get(gpa) ?? 0n) : undefined);
  return { write, unit: { read64, canWrite: isThere } };
}

/** Where the oracle lets a DMA go by the tables as they are, or why it stops it. */
function asJudged(steps: readonly Input[]): readonly (bigint | number)[] {
  if (guest === undefined) return [];
  const { write, unit } = rawMemory();
  const { cap, ecap, haw = 0 } = guest;
  let root = 0n;
  const ends: (bigint | number)[] = [];
  for (const input of steps) {
    if (input.type === "MemoryWrite") write(input);
    if (input.type === "RegisterWrite" && input.offset === at.rtaddr) root = input.value;
    if (input.type !== "Dma") continue;
    const { device: sid, iova: address, access = "read", pasid, execute, privileged } = input;
    const request = { sid, address, access, pasid, execute, privileged };
    const judge = { ...unit, cap, ecap, haw, root, pasidBit: pasidBits.from24 };
    const end = outcomeOf(judge, request);
    ends.push(end.kind === "page" ? end.gpa : end.kind === "fault" ? end.reason : -1);
  }
  return ends;
}

test("[EC92] the oracle apart judges every DMA of a bound process as replay does", async () => {
  const { code, out } = await run(
    "log",
    `docs/${name}`,
    "--type",
    "DmaLanded,DmaBlocked",
    "--json",
  );
  expect(code).toBe(0);
  const told = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .map(({ gpa, reason }) => (gpa === undefined ? reason : BigInt(gpa)));
  expect(told).toHaveLength(12);
  expect(asJudged(flat(inputs))).toEqual(told);
});

test("[EC92] its log is of the machine of 2016", () => {
  const text = readFileSync(new URL(name, import.meta.url), "utf8");
  const { ver, cap, ecap, haw } = profiles["hardware-2016-ecs"];
  expect(parseHeader(text.split("\n", 1)[0] ?? "").setup.guests[0]).toMatchObject({
    ver,
    cap,
    ecap,
    haw,
  });
});

test("[EC92] replay agrees with it, and the host is told all along", async () => {
  const { out } = await run("replay", `docs/${name}`, "--json");
  const { dma, faults, violations } = JSON.parse(out);
  expect([dma.agree, dma.disagree, violations]).toEqual([8, 0, []]);
  expect([faults.agree, faults.disagree]).toEqual([4, 0]);
  const calls = await run("calls", `docs/${name}`);
  expect(calls.code).toBe(0);
  expect(calls.out).toContain("createTable");
});
