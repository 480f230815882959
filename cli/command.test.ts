import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("command", afterAll);

const edu = recordingPath("linux-vfio-edu");

describe("replay", () => {
  const none = { agree: 0, disagree: 0, unjudged: 0 };
  test.each([
    ["linux-legacy-nvme", 1538, 0],
    ["linux-vfio-edu", 574, 752],
  ])("[CL1] every answer of %s agrees", async (name, dma, faults) => {
    const { code, out, err } = await run("replay", recordingPath(name), "--json");
    expect([code, err]).toEqual([0, ""]);
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      dma: { ...none, agree: dma },
      faults: { ...none, agree: faults },
      violations: [],
      disagreements: [],
      unflushed: [],
    });
    expect(report.stateHash).toMatch(/^[0-9a-f]{16,}$/);
  });

  test("[CL14] every answer of a guest in scalable mode agrees", async () => {
    const { code, out, err } = await run("replay", recordingPath("linux-scalable-nvme"), "--json");
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({ dma: { ...none, agree: 1544 }, violations: [] });
  });

  test("[CL2] several files are an array, and a table for people", async () => {
    const { out } = await run("replay", edu, edu, "--json");
    expect(JSON.parse(out)).toHaveLength(2);
    const table = await run("replay", edu);
    expect(table.out).toContain("574 agree");
    expect(table.out).toContain("752 agree");
  });

  test.each([
    [
      "page",
      '"gpa":"0x4747000"',
      '"gpa":"0x4748000"',
      "landed at 0x4748000, but went to 0x4747000",
    ],
    ["reason", '"reason":6', '"reason":5', "recorded as fault 5h, but blocked by 6h"],
  ])("[CL3] a recorded %s that is wrong makes exit code 1", async (_, right, wrong, text) => {
    const content = gunzipSync(readFileSync(edu)).toString("utf8").replace(right, wrong);
    const { code, out } = await run("replay", fileOf("wrong", content));
    expect(code).toBe(1);
    expect(out).toContain(text);
    expect(out).toContain("1 disagree");
  });
});

describe("looking", () => {
  const place = ["--device", "00:04.0", "--iova"] as const;

  test("[CL4] why explains a read-only mapping", async () => {
    const { code, out } = await run("why", edu, ...place, "0x1806000");
    expect(code).toBe(0);
    expect(out).toContain("was blocked: fault 5h");
    expect(out).toContain("allows read only (R=1 W=0)");
    expect(out).toMatch(/announced by the invalidation\s+at\s+event \d+/);
  });

  test("[CL4] why explains a DMA after the page was unmapped", async () => {
    const { code, out } = await run("why", edu, ...place, "0x29e03000", "--json");
    expect(code).toBe(0);
    const { dma, story, guest, shadow, agree } = JSON.parse(out);
    expect([dma.result, dma.reason, guest, shadow, agree]).toEqual([
      "blocked",
      6,
      { fault: 6 },
      { fault: 6 },
      true,
    ]);
    expect(story.join(" ")).toContain("maps nothing (R=0 W=0)");
    expect(story.join(" ")).toMatch(/until then it was 0x[0-9a-f]+/);
  });

  test("[CL5] translate shows both walks at any event", async () => {
    const found = await run("log", edu, "--type", "DmaTranslated", "--json");
    const first = JSON.parse(found.out.split("\n", 1)[0] ?? "");
    const at = (first.cause - 1).toString();
    const { out } = await run("translate", edu, ...place, first.iova, "--at", at, "--json");
    const walk = JSON.parse(out);
    expect(walk).toMatchObject({ at: first.cause - 1, pending: null, agree: true });
    expect([walk.guest.gpa, walk.composed.hpa]).toEqual([first.gpa, first.hpa]);
    expect(walk.shadow).toEqual(walk.composed);
    expect(walk.steps.at(0)).toMatchObject({ table: "root" });
    expect(walk.steps.at(-1)).toMatchObject({ level: 1 });
    const later = await run("translate", edu, ...place, first.iova, "--at", at);
    expect(later.out).toContain("both agree");
  });

  test("[CL6] state and diff show the same at the same events", async () => {
    const at = async (seq: number) =>
      JSON.parse((await run("state", edu, "--at", seq.toString(), "--json")).out);
    const [before, after] = [await at(300), await at(400)];
    expect([before.at, after.at]).toEqual([300, 400]);
    const { out } = await run("diff", edu, "--from", "300", "--to", "400", "--json");
    const { changes } = JSON.parse(out);
    expect(changes.length).toBeGreaterThan(0);
    for (const { table, key, from, to } of changes) {
      const rows = (guest: Record<string, unknown>) =>
        table === "" ? guest : (guest[table] as Record<string, unknown>);
      expect(rows(before.guests[0])[key] ?? null).toEqual(from);
      expect(rows(after.guests[0])[key] ?? null).toEqual(to);
    }
    expect((await run("diff", edu, "--from", "7", "--to", "7")).out).toBe("nothing differs\n");
    expect((await run("state", edu, "--at", "400")).out).toContain("state after event 400");
  });

  test("[CL7] log filters by number, name and device", async () => {
    const { out } = await run("log", edu, "--from", "10", "--to", "20", "--json");
    const seqs = out.trimEnd().split("\n");
    expect(seqs.map((line) => JSON.parse(line).seq)).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
    ]);
    const blocked = await run("log", edu, "--type", "DmaBlocked", "--device", "00:04.0");
    expect(blocked.out.trimEnd().split("\n")).toHaveLength(752);
  });
});
