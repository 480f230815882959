import { afterAll, describe, expect, test } from "vitest";
import type { Gpa } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import {
  command,
  leafEntry,
  memory,
  page,
  qie,
  reads,
  tables,
  te,
  turnOn,
  wbf,
} from "../properties/examples/driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import { flat } from "../properties/examples/given.ts";
import {
  announce,
  entry,
  forgetAll,
  msi,
  remapped,
  remapping,
} from "../properties/examples/interrupt-driver.ts";
import { nvme, unit } from "../properties/examples/unit.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { logOf } from "./test/log-of.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("write-buffer", afterAll);

const devices = [{ device: nvme, physical: false }];
const buffered = unit({ cap: { rwbf: true, cm: false }, devices });
const both = unit({ cap: { rwbf: true, cm: false }, ecap: { c: false }, devices });
const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");
const place = ["--device", "00:04.0", "--iova", `0x${page.toString(16)}`] as const;
const shown: Input = { type: "CacheFlush", gpa: 0x1000n as Gpa, length: 0x6000n };
const set = memory(leafEntry, 0xa003n);
const file = (name: string, setup: typeof buffered, ...inputs: readonly Inputs[]): string =>
  fileOf(name, logOf(setup, flat(inputs)));

/** The leaf is cleared and seen, then set and not flushed, and used. */
const late = [tables, memory(leafEntry, 0n), command(wbf), turnOn, set, reads(page)];
const lateFile = file("late", buffered, late);
const twice = file(
  "both",
  both,
  tables,
  memory(leafEntry, 0n),
  shown,
  command(wbf),
  turnOn,
  set,
  reads(page),
);

describe("what waits in the write buffer", () => {
  test("[WB22] why tells who wrote it, what it says, and what would make it seen", async () => {
    const text = oneLine((await run("why", lateFile, ...place)).out);
    expect(text).toMatch(
      /CPU wrote to that level 1 table entry at event (\d+), and the write buffer was not flushed/,
    );
    expect(text).toContain("so that the unit need not see it (CAP.RWBF=1)");
    expect(text).toContain("Once it is flushed, by GCMD.WBF, or by an invalidation of contexts,");
    expect(text).toContain("it is 0xa003: allows read and write");
    expect(text).toMatch(/In short: the guest wrote .* and did not flush the write buffer/);
    expect(text).not.toContain("unmapped");
  });

  test("[CL65] what was recorded of a DMA tells what its unit had seen", async () => {
    const asked = reads(page);
    const before = [tables, memory(leafEntry, 0n), shown, command(wbf), turnOn, set];
    const landed = { ...asked, observed: { gpa: 0xa000n as Gpa } } as Input;
    const log = file("recorded", both, ...before, landed, asked);
    const dma = JSON.parse((await run("why", log, ...place, "--json")).out).dma.seq;
    const seqs = [...(await run("log", log)).out.matchAll(/(\d+) +Dma /g)].map(([, seq]) => seq);
    expect(seqs.at(-1)).toBe(dma.toString());
    const told = await run("why", log, ...place, "--at", seqs[0] as string);
    expect(oneLine(told.out)).toMatch(
      /landed in the guest's memory at 0xa000, .* had seen the level 1 table entry \(event/,
    );
    const json = JSON.parse(
      (await run("why", log, ...place, "--at", seqs[0] as string, "--json")).out,
    );
    const wrote = json.path.at(-1).writes.at(-1);
    expect(wrote).toMatchObject({ by: "early", to: "0xa003", from: "0x0" });
    expect((await run("log", log)).out).toContain(`${wrote.seq}  MemoryWrite gpa=0x6030`);
    const other = { ...asked, observed: { gpa: 0xb000n as Gpa } } as Input;
    const text = (await run("why", file("other", both, ...before, other), ...place)).out;
    expect(text).toContain("was blocked: fault 6h");
    expect(text).not.toContain("had seen");
  });

  test("[WB22] of a line that is not written back either both steps are told", async () => {
    const text = oneLine((await run("why", twice, ...place)).out);
    expect(text).toContain(
      "Once its line at 0x6000 is flushed, and then the write buffer (CAP.RWBF=1), by GCMD.WBF,",
    );
    expect(text).toContain("did not write the line back");
    expect((await run("translate", twice, ...place)).out).toMatch(
      /not written back +level 1: 0xa003, .* flushed \(ECAP.C=0\) and then the write buffer/,
    );
    const json = JSON.parse((await run("translate", twice, ...place, "--json")).out);
    expect(json.steps.at(-1).unseen).toMatchObject({ value: "0xa003", waits: "cacheThenBuffer" });
  });

  test("[WB22] once it is flushed the story says how it was seen", async () => {
    const flushed = file("flushed", buffered, late, command(te | wbf), reads(page));
    const text = oneLine((await run("why", flushed, ...place, "--access", "read")).out);
    expect(text).toContain("write buffer");
    const end = JSON.parse((await run("translate", flushed, ...place, "--json")).out).at;
    const told = oneLine((await run("why", flushed, ...place, "--at", String(end))).out);
    expect(told).toMatch(/written by the guest's CPU \(seen once the write buffer was flushed\)/);
    expect(told).not.toContain("need not see it");
  });

  test("[WB22] log finds the flush among what writes to the entry", async () => {
    const flushed = file("where", buffered, late, command(te | wbf));
    const { out } = await run("log", flushed, "--where", "seq > 8 && writes(0x6030, 8)");
    expect(oneLine(out)).toMatch(/WriteBufferFlushed.*MemoryWrite.*WriteBufferFlushed/);
    const other = await run("log", flushed, "--where", "seq > 8 && writes(0x7000, 8)");
    expect(other.out).not.toContain("WriteBufferFlushed");
  });

  test("[WB23] translate shows it beside the entry that the unit sees", async () => {
    const { out } = await run("translate", lateFile, ...place);
    expect(out).toMatch(
      /in the write buffer +level 1: 0xa003, by event \d+; the unit sees it once/,
    );
    expect(out).toContain("that the unit can see");
    const json = JSON.parse((await run("translate", lateFile, ...place, "--json")).out);
    expect(json.steps.at(-1)).toMatchObject({ entry: "0x0", unseen: { waits: "buffer" } });
    const flushed = file("translated", buffered, late.slice(0, -1), command(te | wbf));
    expect((await run("translate", flushed, ...place)).out).not.toContain("write buffer");
  });

  test("[WB24] interrupt tells what an entry waits for, and later who wrote it", async () => {
    const inputs = [remapping, entry(3, remapped({ vector: 0x41 })), msi(3)];
    const waiting = file("entry", buffered, inputs);
    const { out } = await run("interrupt", waiting, "--index", "3");
    expect(out).toMatch(
      /in the write buffer +0x\w+, by event \d+: the unit sees it once the write/,
    );
    expect(out).toContain("nobody, as far as the unit can see");
    for (const [name, flushing] of [
      ["WriteBufferFlushed", command(qie | (1n << 25n) | wbf)],
      ["WriteBufferDrained", announce(0, forgetAll)],
    ] as const) {
      const seen = file(name, buffered, inputs, flushing);
      const told = (await run("interrupt", seen, "--index", "3")).out;
      expect(told).toMatch(
        new RegExp(
          `written by +event \\d+, of event \\d+: ${name}.*, of what the CPU wrote at event`,
        ),
      );
      expect(told).not.toContain("in the write buffer");
    }
  });

  test("[WB24] who wrote an entry before the table was set is known too", async () => {
    const early = [entry(3, remapped({ vector: 0x41 })), command(wbf), remapping];
    const { out } = await run("interrupt", file("early", buffered, early), "--index", "3");
    expect(out).toMatch(/WriteBufferFlushed.*of what the CPU wrote at event 1, before the table/);
  });

  test("[WB25] replay takes either answer, and finds what was used too early", async () => {
    const answers = [{ gpa: 0xa000n as Gpa }, { reason: 6 }];
    for (const [at, observed] of answers.entries()) {
      const log = file(`answer-${at.toString()}`, buffered, late.slice(0, -1), {
        ...reads(page),
        observed,
      } as Input);
      const { code, out } = await run("replay", log);
      expect(code).toBe(1);
      expect(out).toContain("1 agree");
      expect(out).toContain("what was used before it was flushed");
      expect(oneLine(out)).toMatch(
        /the DMA of 00:04.0 at 0x1806000 relies on the level 1 entry at/,
      );
      const json = JSON.parse((await run("replay", log, "--json")).out);
      expect(json).toMatchObject({ disagreements: [], violations: [] });
      expect(json.unflushed).toHaveLength(1);
    }
    const again = file("again", buffered, late, reads(page), reads(page));
    expect(JSON.parse((await run("replay", again, "--json")).out).unflushed).toHaveLength(1);
    const observed = { gpa: 0xa000n as Gpa };
    const proper = file("proper", buffered, late.slice(0, -1), command(te | wbf), {
      ...reads(page),
      observed,
    } as Input);
    expect((await run("replay", proper)).code).toBe(0);
  });
});
