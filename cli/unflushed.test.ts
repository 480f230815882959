import { afterAll, describe, expect, test } from "vitest";
import type { Gpa } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { leafEntry, memory, page, reads, tables, turnOn } from "../properties/examples/driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import { flat } from "../properties/examples/given.ts";
import { unit } from "../properties/examples/unit.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { logOf } from "./test/log-of.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("unflushed", afterAll);

const incoherent = unit({ ecap: { c: false } });
const shown: Input = { type: "CacheFlush", gpa: 0x1000n as Gpa, length: 0x6000n };
const file = (name: string, inputs: Inputs): string =>
  fileOf(name, logOf(incoherent, flat([tables, inputs])));

describe("requests that come before a flush", () => {
  test("[WB32] replay lists them by event, line and words, and ends with 1", async () => {
    const late = file("late", [shown, turnOn, memory(leafEntry, 0x7002n), reads(page)]);
    const { out, code } = await run("replay", late);
    expect(out).toContain("requests that came before a flush");
    expect(out).toMatch(/event \d+ \(line \d+\): .* sees 0x6030 \(not written back\) already/);
    expect(code).toBe(1);
    const { unflushed } = JSON.parse((await run("replay", late, "--json")).out);
    expect(unflushed).toMatchObject([{ text: expect.stringContaining("0x6030") }]);
  });

  test("[WB32] replay says nothing of what was flushed in time", async () => {
    const inTime = file("in-time", [memory(leafEntry, 0x7002n), shown, turnOn, reads(page)]);
    const { out, code } = await run("replay", inTime);
    expect(out).not.toContain("before a flush");
    expect(code).toBe(0);
  });
});
