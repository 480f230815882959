// Length: a row for each choice, and for each mistake beside it.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sourceId } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { profiles } from "../events/profile/profiles.ts";
import { at } from "../events/registers/offset.ts";
import { fold } from "../hypervisor/fold.ts";
import { evolve } from "../projections/evolve.ts";
import type { World } from "../projections/world.ts";
import {
  command,
  ire,
  memory,
  page,
  queue,
  reads,
  srtp,
  te,
  write8,
} from "../properties/examples/driver.ts";
import { entry, msi, pointAt, remapped } from "../properties/examples/interrupt-driver.ts";
import { reasons, reasonsBehind } from "./behind.ts";
import type { Other, Parts } from "./test/other-target.ts";
import { runOther, showing, words } from "./test/other-target.ts";

/** What is said to be behind the difference of a target. */
async function behind(inputs: Parts, how: Other) {
  const run = await runOther(inputs, how);
  expect(run.comparison?.difference).toBeDefined();
  return reasonsBehind(run);
}

/** The bytes of a register page that hold a fault record. */
const recordIn = (bytes: Uint8Array, index: number): Uint8Array => {
  const from = words.fro + 16 * index;
  return bytes.subarray(from, from + 16);
};
const hasFault = (bytes: Uint8Array): boolean => ((recordIn(bytes, 0)[15] ?? 0) & 0x80) !== 0;

/** Each record's place is one further. */
const moveRecord = (bytes: Uint8Array): void => {
  if (!hasFault(bytes)) return;
  recordIn(bytes, 1).set(recordIn(bytes, 0));
  recordIn(bytes, 0).fill(0);
  bytes[at.fsts + 1] = 1;
};
const reasonAt = 12;
const ones = new Uint8Array(8).fill(1);
const none: Parts = [write8(at.rtaddr, 0x1000n), command(srtp), command(te)];
const blocked: Parts = [none, reads(page)];

/** A context of a width that passes through. */
const passing = (aw: number): Parts => [
  [memory(0x1000n, 0x2001n, 0n), memory(0x2200n, 9n, BigInt(0x500 | aw)), none],
  reads(page),
];
/** The same context with a width that no unit has. */
const narrow = (world: World): World =>
  fold(world, { ...memory(0x2208n, 0x507n), flushed: true }).world;

/** A message by an entry that verifies like this. */
const asking = (svt: number): Parts => {
  const names = { svt: svt as never, sid: 0x1234 };
  return [entry(3, remapped(names)), pointAt(3), command(ire), msi(3)];
};
/** The same entry verifies nothing. */
const trust = (world: World): World => {
  if (world.guests[0]?.charts.remapping !== "enabled") return world;
  return evolve(world, { type: "InterruptEntryCached", index: 3, entry: remapped() });
};

const iqa: Parts = [write8(at.iqa, queue | 0x800n)];

/** A page request that asks for nothing, and is not the last of its group. */
const idle: Input = {
  ...{ type: "PageRequest", device: sourceId(0x20), iova: page as never, group: 1 },
  ...{ read: false, write: false, last: false },
};
const unit = profiles["everything-scalable"];

const fromChoices: readonly (readonly [string, Parts, Other])[] = [
  ["with none pending, FRI", [write8(at.rtaddr, 0x1000n)], showing(at.fsts + 1, 3)],
  ["IQA.DW keeps", iqa, showing(at.iqa + 1, 0x80)],
  [
    "a fault of a source-id with a pending record",
    [blocked, reads(page + 0x1000n)],
    {
      registers: (bytes) => {
        if (++seen < 7) return;
        recordIn(bytes, 1).set(recordIn(bytes, 0));
        recordIn(bytes, 1)[1] = 0x70;
      },
    },
  ],
  ["records fill in ring order", blocked, { registers: moveRecord }],
  ["a reserved SVT", asking(3), { change: trust }],
  ["pass-through takes any supported width", passing(1), { change: narrow }],
  ["a page request that no device would make", [idle], { ...showing(at.prs, 1), unit }],
];
let seen = 0;

/** Mistakes beside the choices: what differs is not what the choice leaves open. */
const mistakes: readonly (readonly [string, Parts, Other])[] = [
  ["another reason", blocked, showing(words.fro + reasonAt, 6)],
  [
    "another reason in another record",
    blocked,
    {
      registers: (bytes) => {
        moveRecord(bytes);
        recordIn(bytes, 1)[reasonAt] = 9;
      },
    },
  ],
  [
    "the record in another place, and FRI as before",
    blocked,
    {
      registers: (bytes) => {
        moveRecord(bytes);
        bytes[at.fsts + 1] = 0;
      },
    },
  ],
  ["FRI of another record", blocked, showing(at.fsts + 1, 2, hasFault)],
  [
    "a DMA that should have faulted",
    blocked,
    {
      dma: () => ({ at: page, bytes: new Uint8Array(8) }),
      registers: (bytes) => {
        recordIn(bytes, 0).fill(0);
        bytes[at.fsts] = 0;
      },
    },
  ],
  [
    "an overflow while records are free",
    [blocked, reads(page + 0x1000n)],
    showing(at.fsts, 3, hasFault),
  ],
  [
    "an overflow by another source while records are free",
    [blocked, reads(page, sourceId(0x28))],
    {
      registers: (bytes) => {
        if (recordIn(bytes, 1).every((byte) => byte === 0)) return;
        recordIn(bytes, 1).fill(0);
        bytes[at.fsts] = 3;
      },
    },
  ],
  [
    "a second record of another reason",
    [blocked, reads(page + 0x1000n)],
    {
      registers: (bytes) => {
        if (++seen < 7) return;
        recordIn(bytes, 1).set(recordIn(bytes, 0));
        recordIn(bytes, 1)[1] = 0x70;
        recordIn(bytes, 1)[reasonAt] = 9;
      },
    },
  ],
  [
    "IQA.DW and QS",
    iqa,
    {
      registers: (bytes) => {
        bytes[at.iqa + 1] = 0x80;
        bytes[at.iqa] = 1;
      },
    },
  ],
  [
    "IQA.DW that a unit with 256-bit descriptors loses",
    iqa,
    { ...showing(at.iqa + 1, 0x80), unit },
  ],
  ["a page request that moves another queue", [idle], { ...showing(at.iqa + 1, 0x80), unit }],
  ["IQA.DW set by itself", [write8(at.iqa, queue)], showing(at.iqa + 1, 0x88)],
  ["an entry of another device", asking(1), { change: trust }],
  [
    "another message through a reserved SVT",
    asking(3),
    { change: trust, interrupt: (answer) => ({ ...answer, data: 0x4042 }) },
  ],
  ["pass-through of the largest width", passing(2), { change: narrow }],
  [
    "pass-through that fails with another reason",
    passing(1),
    { change: narrow, dma: (answer) => ({ ...answer, fault: 6 }) },
  ],
  ["what a device read", [reads(page)], { dma: (of) => ({ ...of, bytes: ones }) }],
  ["pass-through to elsewhere", passing(1), { dma: (answer) => ({ ...answer, at: 0x5000n }) }],
  [
    "a granularity for a command that is refused",
    [write8(at.ccmd, 1n << 63n)],
    showing(at.ccmd + 7, 8),
  ],
];

describe("a difference", () => {
  it.each(fromChoices)("[TG15] that rests on a choice or rule names it: %s", async (...one) => {
    const [text, inputs, how] = one;
    seen = 0;
    expect(await behind(inputs, how)).toEqual([expect.stringContaining(`: ${text}`)]);
  });

  it.each(mistakes)("[TG15] that is a mistake names none: %s", async (_, inputs, how) => {
    seen = 0;
    expect(await behind(inputs, how)).toEqual([]);
  });

  it("[TG15] names what SPEC.md and readings.md say", () => {
    const [spec, readings] = ["../SPEC.md", "../docs/readings.md"].map((file) =>
      readFileSync(new URL(file, import.meta.url), "utf8").toLowerCase(),
    );
    const missing = reasons.filter(({ text, where }) => {
      const words = text.toLowerCase();
      const section = readings?.split(`\n## ${where.toLowerCase()}\n`)[1]?.split("\n## ")[0];
      const rule = `- [${where.toLowerCase()}] ${words}`;
      return !section?.includes(words) && !spec?.includes(rule);
    });
    expect(missing).toEqual([]);
  });
});
