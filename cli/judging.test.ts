import { afterAll, describe, expect, test } from "vitest";
import type { Gpa } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import {
  contextEntry,
  dma,
  leafEntry,
  memory,
  page,
  tables,
  turnOn,
  width4,
} from "../properties/examples/driver.ts";
import { flat } from "../properties/examples/given.ts";
import {
  pasidDma,
  pasids,
  scalableOn,
  scalableTables,
  scalableUnit,
} from "../properties/examples/scalable-driver.ts";
import { nvme, unit } from "../properties/examples/unit.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { logOf } from "./test/log-of.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("judging", afterAll);
const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");
const place = (iova: bigint) => ["--device", "00:04.0", "--iova", `0x${iova.toString(16)}`];

const uncached = unit({ cap: { cm: false }, devices: [{ device: nvme, physical: false }] });
const landed: Input = { ...dma("read", page), observed: { gpa: 0x7000n as Gpa } };
/** Translation is on before there is a table, and without caching mode. */
const firstUse = fileOf("first", logOf(uncached, flat([turnOn, tables, landed, landed])));
/** The last event before the first DMA. */
const before = [
  "--at",
  (await run("log", firstUse, "--type", "Dma")).out.trim().split(" ")[0] ?? "",
].map((word, index) => (index === 0 ? word : (Number(word) - 1).toString()));

describe("without caching mode", () => {
  test("[CL50] replay agrees with a DMA that reads the tables itself", async () => {
    const { code, out } = await run("replay", firstUse, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      dma: { agree: 2, disagree: 0, unjudged: 0 },
      violations: [],
    });
  });

  test("[CL50] translate shows what the request makes the unit read", async () => {
    const { out } = await run("translate", firstUse, ...place(page), ...before);
    expect(out).toMatch(/^the shadow +HPA 0x100007000 .*, once the request has made it read the/m);
    expect(out).toMatch(/^pending +no: the request itself makes the unit read what changed$/m);
    expect(out).toMatch(/^both agree +yes$/m);
    const json = await run("translate", firstUse, ...place(page), ...before, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ reads: "notKept", pending: null, agree: true });
    const kept = await run("translate", firstUse, ...place(page), "--json");
    expect(JSON.parse(kept.out)).toMatchObject({ reads: null, pending: null, agree: true });
  });

  test("[CL50] why says that no announcement was needed, and why not", async () => {
    const { out } = await run("why", firstUse, ...place(page), ...before);
    const text = oneLine(out);
    expect(text).toContain("What faulted before is not kept without caching mode (CAP.CM)");
    expect(text).toContain("which needs no announcement: nothing is kept of what is not present");
    expect(out.match(/not needed/g)).toHaveLength(6);
  });

  test("[CL50] what was kept must be announced all the same", async () => {
    const changed = memory(leafEntry, 0x9003n);
    const file = fileOf("kept", logOf(uncached, flat([tables, turnOn, landed, changed])));
    const { out } = await run("why", file, ...place(page), "--at", "99");
    expect(out).toBe("");
    const last = (await run("log", file)).out.trimEnd().split("\n").at(-1)?.trim().split(" ")[0];
    const told = await run("why", file, ...place(page), "--at", last ?? "");
    expect(oneLine(told.out)).toContain("and no invalidation has announced it yet");
    const first = fileOf(
      "never",
      logOf(uncached, flat([tables, turnOn, memory(contextEntry, 9n, width4(5))])),
    );
    const end = (await run("log", first)).out.trimEnd().split("\n").at(-1)?.trim().split(" ")[0];
    const context = await run("why", first, ...place(page), "--at", end ?? "");
    expect(oneLine(context.out)).toContain("no invalidation has announced it yet");
  });

  test("[CL50] the first request of a PASID reads its entry", async () => {
    const asked = pasidDma("read", 0x4000_7000n, { pasid: pasids.secondStage });
    const file = fileOf("pasid", logOf(scalableUnit(), flat([scalableTables, scalableOn, asked])));
    const dmaAt = (await run("log", file, "--type", "Dma")).out.trim().split(" ")[0];
    const at = ["--at", (Number(dmaAt) - 1).toString(), "--pasid", "0x42"];
    const { out } = await run("translate", file, ...place(0x4000_7000n), ...at);
    expect(out).toMatch(
      /HPA 0x100007000 .*, once the request has made it read the entry of this P/,
    );
    const told = await run("why", file, ...place(0x4000_7000n), "--pasid", "0x42");
    expect(told.out).toContain("The host had not read the entry of this PASID before.");
  });
});

describe("a device that the host refuses", () => {
  const physical = unit({ cap: { cm: false } });
  const inputs = [tables, turnOn, dma("read", page)];
  const file = fileOf("refused", logOf(physical, flat(inputs)));

  test("[CL51] is no violation, and what was recorded of it is not compared", async () => {
    const alone = await run("replay", file, "--json");
    expect([alone.code, alone.err, JSON.parse(alone.out).violations]).toEqual([0, "", []]);
    const seen = fileOf("seen", logOf(physical, flat([...inputs, landed])));
    const { code, out } = await run("replay", seen);
    expect(code).toBe(0);
    expect(out).toContain(
      "1 dma: the host refuses the device by name, as it has no way to do what",
    );
  });

  test("[CL51] is named so by translate and why, before a DMA and after one", async () => {
    const translated = await run("translate", file, ...place(page));
    expect(translated.out).toMatch(
      /^the host +refused: the host has no way to do what the guest as/m,
    );
    expect(translated.out).toMatch(/^both agree +not compared: the host refuses the device$/m);
    expect(translated.out).not.toContain("grants no memory");
    const json = JSON.parse((await run("translate", file, ...place(page), "--json")).out);
    expect(json).toMatchObject({ shadow: { refused: true }, agree: true });
    const told = await run("why", file, ...place(page));
    expect(told.out).toContain("was blocked: refused: the host's doing");
    const state = await run("why", file, ...place(0x1805000n), "--access", "read");
    expect(oneLine(state.out)).toContain("would be blocked: the host refuses the device");
    expect(oneLine(state.out)).toContain("The host refuses: without caching mode");
  });
});

test("[CL52] reasons are hexadecimal: 7Ah recorded, 5Bh decided", async () => {
  const asked = pasidDma("read", 0x1000n, { pasid: 0x43 });
  const inputs = [scalableTables, scalableOn, { ...asked, observed: { reason: 122 } }];
  const file = fileOf("reason", logOf(scalableUnit({ ecap: { nest: false } }), flat(inputs)));
  const { code, out } = await run("replay", file);
  expect(code).toBe(1);
  expect(out).toContain("recorded as fault 7Ah, but blocked by 5Bh\n");
  const moved: Input = { ...asked, observed: { gpa: 0x7000n as Gpa } };
  const other = fileOf(
    "moved",
    logOf(scalableUnit({ ecap: { nest: false } }), flat([scalableTables, scalableOn, moved])),
  );
  expect((await run("replay", other)).out).toContain("landed at 0x7000, but blocked by 5Bh\n");
});

describe("nothing to judge", () => {
  const quiet = fileOf("quiet", logOf(unit(), flat([tables, turnOn])));

  test("[CL53] replay says so in one line, and ends with 3", async () => {
    const { code, err } = await run("replay", quiet);
    expect([code, err]).toEqual([3, `${quiet}: nothing in it could be judged\n`]);
    const msi: Input = { type: "MsiRequest", address: 0xfee0_1000n, data: 0x31 };
    const alone = fileOf("msi", logOf(unit(), [msi]));
    expect((await run("replay", alone, "--json")).code).toBe(3);
  });

  test("[CL53] a difference and a bad file count for more", async () => {
    const wrong: Input = { ...dma("read", page), observed: { reason: 6 } };
    const differs = fileOf("differs", logOf(unit(), flat([tables, turnOn, wrong])));
    expect((await run("replay", quiet, differs)).code).toBe(1);
    expect((await run("replay", fileOf("bad", "{}\n"), quiet, differs)).code).toBe(2);
    expect((await run("replay", firstUse, quiet)).code).toBe(3);
  });
});
