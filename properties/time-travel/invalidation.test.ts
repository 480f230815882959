import { describe, expect, it } from "vitest";
import { iova } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import { Iqa } from "../../events/registers/queue.ts";
import { worldAt } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { timelineOf } from "../../history/timeline/timeline.ts";
import type { Branch } from "../../history/what-if/branch.ts";
import { branchOf } from "../../history/what-if/branch.ts";
import { EditError } from "../../history/what-if/edit.ts";
import type { Invalidation } from "../../history/what-if/invalidation.ts";
import { invalidationInputs, invalidationScopes } from "../../history/what-if/invalidation.ts";
import { reportOfBranch, reportOfTwo } from "../../history/what-if/report.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import type { Guest } from "../../projections/guest.ts";
import { registerValue } from "../../projections/registers/registers.ts";
import { wordIn } from "../../tables/memory.ts";
import { radixGet } from "../../tables/radix.ts";
import {
  booted,
  command,
  deviceTlbOf,
  iotlbOfAll,
  leafEntry,
  memory,
  page,
  qie,
  queue,
  queueOn,
  reads,
  submit,
  te,
  waitNothing,
  waitStatus,
  write8,
} from "../examples/driver.ts";
import type { Inputs } from "../examples/given.ts";
import { flat } from "../examples/given.ts";
import { nvme, unit } from "../examples/unit.ts";
import { violationsOf } from "./travelled.ts";

const opened = (...inputs: readonly Inputs[]): Timeline =>
  timelineOf(createWorld(unit()), flat(inputs), { judge: violationsOf });

/** The page goes elsewhere, which nobody announces; the device uses it. */
const moved: Inputs = [reads(page), memory(leafEntry, 0xa003n), reads(page)];
/** Three descriptors, so that a round begins within the queue; the last words are ahead of it. */
const used: Inputs = [
  submit(iotlbOfAll, waitStatus(0x9_0000n, 7), waitNothing),
  memory(queue + 48n, 0x77n, 0x88n),
  memory(queue + 4080n, 0x99n),
];
const asked: Invalidation = { guest: 0, scope: "page", device: nvme, iova: iova(page) };

/** The last input's event. */
const lastInput = (timeline: Timeline): number =>
  timeline.numbers.values[timeline.inputs.count - 1] ?? 0;

function invalidated(timeline: Timeline, one: Invalidation, before: number): Branch {
  const world = worldAt(timeline, before - 1);
  if (world === undefined) throw new Error("no such event");
  const edits = invalidationInputs(world, one).map(
    (input) => ({ kind: "insert", before, input }) as const,
  );
  return branchOf(timeline, "invalidated", edits);
}

/** Where the last request went. */
const hpaOf = ({ timeline }: { timeline: Timeline }): bigint | undefined =>
  reportOfTwo(opened(), timeline).dma.at(-1)?.right?.hpa;

const queueWords = ({ memory: { visible } }: Guest): readonly bigint[] =>
  Array.from({ length: 512 }, (_, word) =>
    wordIn(radixGet(visible, Number(queue >> 12n)), word * 8),
  );

const wide: Inputs = [write8(at.iqa, queue | Iqa.mask("dw")), command(te | qie)];
const ways: readonly (readonly [string, Inputs])[] = [
  ["the queue", [queueOn, used]],
  ["a queue of 256 bits", wide],
  ["registers", []],
];

describe.each(ways)("what if the guest had invalidated by %s", (_name, way) => {
  const capable = unit({ ecap: { smts: true, smpwcs: true } });
  const inputs = flat([booted, way, moved]);
  const isWide = way === wide;
  const timeline = timelineOf(createWorld(isWide ? capable : unit()), inputs, {
    judge: violationsOf,
  });
  const before = lastInput(timeline);

  it.each(["page", "domain", "global", "contexts"] as const)(
    "[TT25] the device goes where the tables say once %s is forgotten",
    (scope) => {
      const branch = invalidated(timeline, { ...asked, scope }, before);
      expect(hpaOf({ timeline })).toBe(0x1_0000_7000n);
      expect(hpaOf(branch)).toBe(0x1_0000_a000n);
    },
  );

  it("[TT25] queue, registers and memory are what the guest believes", () => {
    const branch = invalidated(timeline, asked, before);
    const [was, is] = [timeline.end.guests[0], branch.timeline.end.guests[0]];
    if (was === undefined || is === undefined) throw new Error("no guest");
    expect(is.queue).toEqual({ ...was.queue, lastWasWait: true });
    expect(queueWords(is)).toEqual(queueWords(was));
    for (const offset of [at.iqt, at.iqh, at.fsts, at.gsts]) {
      expect(registerValue(is, offset)).toBe(registerValue(was, offset));
    }
  });
});

describe("an invalidation that cannot be", () => {
  const refused = (world: Timeline, one: Invalidation): string => {
    try {
      invalidationInputs(world.end, one);
    } catch (error) {
      if (error instanceof EditError) return error.message;
      throw error;
    }
    return "";
  };

  it("[TT25] is refused with its reason", () => {
    const plain = opened(booted);
    const halted = opened(booted, queueOn, submit(0xfn));
    const waits = opened(booted, queueOn, submit(deviceTlbOf(nvme), waitNothing));
    expect(refused(plain, { guest: 3, scope: "global" })).toBe("there is no guest 3");
    expect(refused(plain, { guest: 0, scope: "domain" })).toMatch(/needs a device/);
    expect(refused(plain, { guest: 0, scope: "page", device: nvme })).toMatch(/needs its address/);
    expect(refused(plain, { guest: 0, scope: "interrupts" })).toMatch(/by the queue alone/);
    expect(refused(halted, { guest: 0, scope: "global" })).toMatch(/the queue is halted/);
    expect(refused(waits, { guest: 0, scope: "global" })).toMatch(/the queue is draining/);
    expect(invalidationScopes).toHaveLength(5);
  });
});

describe("the first difference that matters", () => {
  const note: Input = { type: "Note", text: "other" };
  const data = memory(0x9_8000n, 1n);
  const other = memory(leafEntry, 0xb003n);
  const good = opened(booted, queueOn, moved);

  it("[TT26] is none that only says something, that nobody reads, or that went through", () => {
    const same = opened(booted, note, queueOn, data, moved);
    const { first, passedOver, differing } = reportOfTwo(good, same);
    expect({ first, passedOver, differing }).toEqual({
      first: undefined,
      passedOver: 2,
      differing: 2,
    });
    const more = opened(booted, queueOn, reads(page), moved);
    expect(reportOfTwo(good, more).first).toBeUndefined();
  });

  it("[TT26] is the first one that the unit notices", () => {
    const bad = opened(booted, note, queueOn, data, other, moved);
    const { first, passedOver } = reportOfTwo(good, bad);
    expect(first).toMatchObject({ kind: "input", left: undefined, right: { input: other } });
    expect(passedOver).toBe(2);
    const blocked = opened(booted, note, queueOn, reads(0x5000n), moved);
    expect(reportOfTwo(good, blocked).first?.right?.input.type).toBe("Dma");
  });

  it("[TT26] is other facts of one input, and names what came of it", () => {
    const at = lastInput(good);
    const branch = branchOf(good, "removed", [{ kind: "remove", at: good.numbers.values[6] ?? 0 }]);
    const report = reportOfBranch(branch);
    expect(report.first).toBeDefined();
    expect(report.inputs).toEqual({ left: good.inputs.count, right: good.inputs.count - 1 });
    expect(report.dma.map(({ left }) => left?.seq)).toContain(at);
  });
});
