import { describe, expect, test } from "vitest";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";

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
    const beyond = await run("interrupt", nvme, "--index", "5", "--at", "1");
    expect(beyond.out).toContain("beyond the table");
    const wrong = await run("interrupt", nvme, "--index", "70000");
    expect([wrong.code, wrong.out]).toEqual([2, ""]);
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
});
