import { afterAll, describe, expect, test } from "vitest";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { dma, interruptLog } from "./test/interrupt-log.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("interrupt", afterAll);

const place = (iova: string) => ["--device", "00:04.0", "--iova", iova] as const;
const requests = fileOf(
  "requests",
  interruptLog(
    dma("0xfee00030", "00000000"),
    dma("0xfee00018", "01000000"),
    dma("0xfee000b0", "00000000"),
    dma("0xfee01000", "41000000"),
  ),
);

const nvme = recordingPath("linux-legacy-nvme");

describe("interrupts", () => {
  test.each([
    ["linux-legacy-nvme", 1265],
    ["linux-vfio-edu", 755],
  ])("[CI1] every recorded interrupt of %s agrees", async (name, agree) => {
    const { out } = await run("replay", recordingPath(name), "--json");
    expect(JSON.parse(out)).toMatchObject({
      interrupts: { agree, disagree: 0, unjudged: 0 },
      unjudged: {},
    });
  });

  test("[CI2] interrupt tells what an entry does, who wrote it and who used it", async () => {
    const { code, out } = await run("interrupt", nvme, "--index", "3", "--json");
    expect(code).toBe(0);
    const said = JSON.parse(out);
    expect(said).toMatchObject({
      index: 3,
      inTable: true,
      uses: 1096,
      used: { event: { type: "InterruptDelivered", vector: 0x26, index: 3 } },
      written: { event: { type: "MemoryWrite" } },
      announced: { event: { type: "InterruptEntriesInvalidated" } },
    });
    expect(said.does).toMatch(/^delivers vector 0x26 to logical APIC id 1 /);
    const text = await run("interrupt", nvme, "--index", "3");
    expect(text.out).toContain("remembered since event");
  });

  test("[CI3] an index beyond the table, and one that cannot be", async () => {
    const beyond = await run("interrupt", requests, "--index", "5");
    expect(beyond.out).toContain("beyond the table");
    for (const index of ["70000", "0x10000", "0x", "-1", "1e2"]) {
      const wrong = await run("interrupt", nvme, "--index", index);
      expect([index, wrong.code, wrong.out]).toEqual([index, 2, ""]);
    }
  });

  test("[CI3] an index may be hexadecimal", async () => {
    const [hex, decimal] = await Promise.all(
      ["0x11", "17"].map((index) => run("interrupt", requests, "--index", index)),
    );
    expect(hex).toEqual(decimal);
    expect(hex?.code).toBe(0);
  });

  test("[CI4] state, diff, log and why know interrupts", async () => {
    const state = JSON.parse((await run("state", nvme, "--json")).out);
    expect(state.guests[0].interruptRemapping).toBe("enabled");
    expect(Object.keys(state.guests[0].interruptEntries)).toContain("3");
    const log = await run("log", nvme, "--type", "InterruptDelivered", "--json");
    expect(log.out.trim().split("\n")).toHaveLength(1265);
    const why = await run("why", nvme, "--device", "00:01.0", "--iova", "0xfee00070");
    expect(why.out).toContain("--index 3");
    const diff = await run("diff", nvme, "--from", "1", "--to", "5000");
    expect(diff.out).toContain("interrupt entries 3");
  });

  test("[CI5] why tells what became of an interrupt request, by its exact address", async () => {
    const one = await run("why", requests, ...place("0xfee00018"));
    expect(one.out).toMatch(
      /interrupt request for index 1: delivered as vector 0x33 to physical d/,
    );
    expect(one.out).toContain(`shadowfold interrupt ${requests} --index 1\n`);
    const five = await run("why", requests, ...place("0xfee000b0"));
    expect(five.out).toMatch(/request for index 5: blocked, fault 21h, the interrupt index is bey/);
    expect(five.out).toContain("fault record 0 was filled");
    expect(five.out).not.toMatch(/never mapped|Entry at|landed/);
    const { interrupt } = JSON.parse(
      (await run("why", requests, ...place("0xfee000b0"), "--json")).out,
    );
    expect(interrupt).toMatchObject({ index: 5, result: "blocked", reason: 0x21 });
    expect(interrupt.report.fact).toBe("FaultRecorded");
  });

  test("[CI5] no entry is named where the request has none", async () => {
    const old = await run("why", requests, ...place("0xfee01000"));
    expect(old.out).toMatch(/of the compatibility format: blocked, fault 25h/);
    const unknown = await run("why", requests, ...place("0xfee00038"));
    expect(unknown.out).toContain("would be an interrupt request.");
    for (const { out } of [old, unknown]) expect(out).not.toContain("--index");
  });

  test("[CI6] interrupt says that remapping is off", async () => {
    const { out } = await run("interrupt", nvme, "--index", "5", "--at", "1");
    expect(out).toContain("remapping is off: requests are delivered as they are");
    expect(out).not.toContain("beyond the table");
  });

  test("[CI7] interrupt names who wrote an entry before the table was set", async () => {
    const { out } = await run("interrupt", requests, "--index", "1");
    expect(out).toMatch(/event 1: MemoryWrite .*, before the table was set at event \d+/);
  });
});
