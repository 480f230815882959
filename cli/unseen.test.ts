import { afterAll, describe, expect, test } from "vitest";
import type { Gpa } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import {
  iotlbOfAll,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  submit,
  tables,
  topTable,
  turnOn,
  waitNothing,
} from "../properties/examples/driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import { flat } from "../properties/examples/given.ts";
import {
  entry,
  interruptTable,
  msi,
  remapped,
  remapping,
} from "../properties/examples/interrupt-driver.ts";
import { guestWith, range, unit } from "../properties/examples/unit.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { logOf } from "./test/log-of.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("unseen", afterAll);

const incoherent = unit({ ecap: { c: false } });
const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");
const place = ["--device", "00:04.0", "--iova", `0x${page.toString(16)}`] as const;
const flush = (gpa: bigint, length: bigint): Input => ({
  type: "CacheFlush",
  gpa: gpa as Gpa,
  length,
});
const shown = flush(0x1000n, 0x6000n);

/** The tables are seen; the leaf is cleared and used, then set and not written back, and used. */
const late = [memory(leafEntry, 0n), shown, turnOn, memory(leafEntry, 0xa003n), reads(page)];
const file = (name: string, inputs: Inputs): string =>
  fileOf(name, logOf(incoherent, flat([tables, inputs])));
const lateFile = file("late", late);
/** Number of the write's event: the root pointer, translation and what follows come before. */
const wrote = /wrote to that level 1 table entry at event (\d+) and has not written it back/;

/** The leaf is taken away and announced, and not written back: the page is still reached. */
const removed = [
  shown,
  turnOn,
  queueOn,
  memory(leafEntry, 0n),
  submit(iotlbOfAll, waitNothing),
  reads(page),
];

describe("what the CPU wrote and did not write back", () => {
  test("[WB32] replay and why tell of a page that is reached after it was taken away", async () => {
    const log = file("removed", removed);
    const { code, out } = await run("replay", log);
    expect(code).toBe(1);
    expect(oneLine(out)).toMatch(
      /DMA of 00:04.0 at 0x1806000 goes by the level 1 entry at 0x6030 as it was: written by event/,
    );
    const json = JSON.parse((await run("replay", log, "--json")).out);
    expect(json[0]?.unflushed ?? json.unflushed).toHaveLength(1);
    const story = oneLine((await run("why", log, ...place)).out);
    expect(story).toMatch(wrote);
    expect(story).toMatch(/In short: the guest wrote .* and did not write the line back/);
  });

  test("[CL61] why tells who wrote it, what it says, and what would make it seen", async () => {
    const { out } = await run("why", lateFile, ...place);
    const text = oneLine(out);
    expect(text).toContain("maps nothing (R=0 W=0). - Nothing written to it has been seen.");
    expect(text).toMatch(wrote);
    expect(text).toContain(
      "Once its line at 0x6000 is flushed, it is 0xa003: allows read and write",
    );
    const [, seq] = wrote.exec(text) ?? [];
    expect(text).toContain(
      `In short: the guest wrote the level 1 table entry at event ${seq} and did not write`,
    );
    expect(text).not.toContain("never mapped");
    expect(text).not.toContain("unmapped");
  });

  test("[CL61] the event that is named is the one that wrote, of this guest", async () => {
    const guests = [0n, 1n].map((index) =>
      guestWith({ ecap: { c: false }, p2m: [range(0n, (index + 1n) << 32n, 1n << 24n, "4K")] }),
    );
    const others = { ...memory(leafEntry, 0xb003n), guest: 1 };
    const inputs = flat([tables, ...late.slice(0, -1), others, reads(page)]);
    const log = fileOf("two-guests", logOf({ guests }, inputs));
    const listed = (await run("log", log)).out;
    const [, seq] = /(\d+) +MemoryWrite gpa=0x6030 bytes=03a0/.exec(listed) ?? [];
    expect(oneLine((await run("why", log, ...place)).out)).toContain(`at event ${seq} and has not`);
  });

  test("[CL61] of several, the one is the point that decides, else the first", async () => {
    const upper = [memory(topTable, 0x4003n | 0x800n), memory(0x4000n, 0x5003n | 0x800n)];
    const both = file("both", [...late.slice(0, -1), ...upper, reads(page)]);
    const point = async (log: string) =>
      /In short: the guest wrote the (level \d)/.exec(
        oneLine((await run("why", log, ...place)).out),
      );
    expect((await point(both))?.[1]).toBe("level 1");
    const uppers = file("uppers", [...late.slice(0, 3), ...upper, reads(page)]);
    expect((await point(uppers))?.[1]).toBe("level 4");
  });

  test("[CL61] why --json has it beside the entry that the unit sees", async () => {
    const { out } = await run("why", lateFile, ...place, "--json");
    const { path, steps } = JSON.parse(out);
    const seen = (path ?? steps).map(({ unseen }: { unseen: unknown }) => unseen);
    expect(seen.slice(0, -1).every((one: unknown) => one === null)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ value: "0xa003" });
    expect(JSON.stringify(JSON.parse(out).story)).toContain("did not write the line back");
  });

  test("[CL62] translate shows it, and claims nothing about what the unit cannot see", async () => {
    const { out } = await run("translate", lateFile, ...place);
    expect(out).toMatch(/not written back +level 1: 0xa003, by event \d+; the unit sees it once/);
    expect(out).toContain("no: every change on this path that the unit can see was announced");
    const json = JSON.parse((await run("translate", lateFile, ...place, "--json")).out);
    expect(json.steps.at(-1)).toMatchObject({ entry: "0x0", unseen: { value: "0xa003" } });
  });

  test.each([
    ["flushed", [...late, flush(leafEntry, 8n)]],
    ["the same as what is seen", [shown, turnOn, memory(leafEntry, 0x7003n), reads(page)]],
    ["of a neighbour", [shown, turnOn, memory(leafEntry + 8n, 0xa003n), reads(page)]],
  ])("[CL62] a write that is %s is not told", async (name, inputs) => {
    const log = file(name, inputs);
    const { out } = await run("translate", log, ...place);
    expect(out).not.toContain("not written back");
    expect(out).not.toContain("that the unit can see");
    const end = ["--at", JSON.parse((await run("translate", log, ...place, "--json")).out).at];
    expect((await run("why", log, ...place, ...end.map(String))).out).not.toContain(
      "written it back",
    );
  });

  test("[CL63] interrupt tells who wrote an entry that the unit does not see", async () => {
    const inputs = flat([remapping, entry(3, remapped({ vector: 0x41 })), msi(3)]);
    const log = fileOf("late-entry", logOf(incoherent, inputs));
    const { out } = await run("interrupt", log, "--index", "3");
    expect(out).toMatch(/not written back +0x\w+, by event \d+: the unit sees it once/);
    expect(out).toContain("nobody, as far as the unit can see");
    const told = JSON.parse((await run("interrupt", log, "--index", "3", "--json")).out);
    expect(told.memory).toBe("0x0");
    expect((BigInt(told.unseen.value) >> 16n) & 0xffn).toBe(0x41n);
    const half = memory(interruptTable + 3n * 16n + 8n, 0x4_0018n);
    const upper = [...inputs, flush(interruptTable, 0x1000n), half];
    const halves = fileOf("upper-half", logOf(incoherent, upper));
    const said = JSON.parse((await run("interrupt", halves, "--index", "3", "--json")).out);
    expect(BigInt(said.unseen.value) >> 64n).toBe(0x4_0018n);
    const seen = fileOf(
      "seen-entry",
      logOf(incoherent, [...inputs, flush(interruptTable, 0x1000n)]),
    );
    expect((await run("interrupt", seen, "--index", "3")).out).not.toContain("not written back");
  });
});
