import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Hpa, Iova } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { stateHash } from "../../projections/digest.ts";
import { bodyOf, recordOf } from "../../projections/life/save-text.ts";
import {
  booted,
  iotlbOfDomain,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  submit,
  tables,
  topTable,
  turnOn,
  unmap,
  waitNothing,
  write,
  writes,
} from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import { guestWith, hostBase, nvme, range, unit } from "./unit.ts";

const issue: Input = {
  type: "DmaIssue",
  tag: 3,
  device: nvme,
  iova: page as Iova,
  access: "write",
  bytes: new Uint8Array([1, 2, 3, 4]),
};
/** A page was used, its entry changed unannounced; a DMA is in flight, a fault recorded. */
const busy = given(
  unit(),
  booted,
  queueOn,
  reads(page),
  issue,
  writes(0x999_0000n),
  memory(leafEntry, 0xa003n),
);

const recordOfUnit = (scene: Scene): string =>
  scene.when({ type: "UnitSave" }).of("UnitSaved")[0]?.record ?? "";
const restore = (record: string): Input => ({ type: "UnitRestore", record });
const refusal = (scene: Scene, record: string): string | undefined => {
  const after = scene.when(restore(record));
  expect(isDeepStrictEqual(after.world.guests, scene.world.guests)).toBe(true);
  return after.refusals[0];
};

describe("save and restore", () => {
  const record = recordOfUnit(busy);

  test("[SV3] saving changes nothing; restoring at once neither", () => {
    const saved = busy.when({ type: "UnitSave" });
    expect(saved.types).toEqual(["UnitSaved"]);
    const back = saved.when(restore(record));
    expect(back.types).toEqual(["UnitRestored"]);
    const again = { ...back.world, seq: busy.world.seq };
    expect(stateHash(again)).toBe(stateHash(busy.world));
  });

  test("[SV4] caches, pending marks, faults and what is in flight come back", () => {
    const reset = busy.when({ type: "DmaComplete", tag: 3 }, { type: "UnitReset" });
    const back = reset.when(restore(record));
    expect(back.guest().faults).toEqual(busy.guest().faults);
    expect(back.when(reads(page)).of("DmaLanded")).toMatchObject([{ gpa: 0x7000n }]);
    const landed = back.when({ type: "DmaComplete", tag: 3 });
    expect(landed.of("DmaLanded")).toMatchObject([{ gpa: 0x7000n, tag: 3 }]);
    const told = back.when(submit(iotlbOfDomain(5), waitNothing));
    expect(told.when(reads(page)).of("DmaLanded")).toMatchObject([{ gpa: 0xa000n }]);
  });

  test("[SV5] a record has no host address: another host has the guest elsewhere", () => {
    const elsewhere = 0x7_0000_0000n;
    const p2m = [range(0n, elsewhere, 0x80_0000n, "4K")];
    const host = given(unit({ p2m }), tables, memory(leafEntry, 0xa003n));
    const back = host.when(restore(record));
    expect(back.refusals).toEqual([]);
    const read = back.when(reads(page)).of("DmaLanded");
    expect(read).toMatchObject([{ gpa: 0x7000n, hpa: (elsewhere + 0x7000n) as Hpa }]);
    expect(record).not.toContain((hostBase >> 12n).toString());
  });

  test("[SV6] what the P2M no longer grants is not reached through a record", () => {
    const less = busy.when({ type: "DmaComplete", tag: 3 }, unmap(0x7000n, 0x1000n));
    expect(refusal(less, record)).toBe(
      "restore: a request in flight uses a page that the P2M does not grant",
    );
    const quiet = recordOfUnit(busy.when({ type: "DmaComplete", tag: 3 }));
    const back = less.when(restore(quiet));
    expect(back.when(reads(page)).of("DmaBlocked")).toMatchObject([{ host: "hole" }]);
  });

  test("[SV7] a table that refers to itself is written once", () => {
    const self = memory(topTable, ...new Array<bigint>(512).fill(topTable | 3n));
    const scene = given(unit(), tables, self, turnOn, queueOn);
    const text = recordOfUnit(scene);
    expect(text.length).toBeLessThan(30_000);
    const back = scene.when({ type: "UnitSave" }, restore(text));
    expect(stateHash({ ...back.world, seq: scene.world.seq })).toBe(stateHash(scene.world));
  });
});

describe("records that cannot be", () => {
  const record = recordOfUnit(busy);

  test("[SV8] one that is cut short, longer or changed is refused in one line", () => {
    expect(refusal(busy, "")).toBe('restore: the record does not begin with "shadowfold-unit"');
    expect(refusal(busy, record.slice(0, 30))).toBe(
      "restore: the record is cut short in its first line",
    );
    expect(refusal(busy, record.slice(0, -7))).toMatch(/^restore: the record is cut short after/);
    expect(refusal(busy, `${record}x`)).toBe("restore: the record goes on after its end");
    expect(refusal(busy, record.replace("enabled", "Enabled"))).toBe(
      "restore: the record's checksum is wrong",
    );
  });

  test("[SV9] another version, other capabilities or other devices are refused by name", () => {
    expect(refusal(busy, record.replace("unit 3 ", "unit 1 "))).toBe(
      "restore: the record has version 1, not 3",
    );
    const other = given(unit({ cap: { nfr: 5 } }), tables, memory(leafEntry, 0xa003n));
    expect(refusal(other, record)).toBe("restore: the record is of a unit with other capabilities");
    const without = given(unit({ devices: [] }), tables, memory(leafEntry, 0xa003n));
    expect(refusal(without, record)).toBe("restore: the record is of other devices");
    expect(refusal(given({ guests: [guestWith()] }), record)).toBe(
      "restore: guest page 0x1, a table, is not as it was",
    );
  });

  test("[SV10] whatever a record with the right checksum says, nothing throws or hangs", () => {
    const body = JSON.stringify(bodyOf(record));
    const numbers = [...body.matchAll(/-?\d+|true|false|"0x[0-9a-f]+"|null/g)];
    const other = fc.constantFrom("-1", "0", "1", "7", "511", "4096", "9007199254740993", '"0x7"');
    const spoilt = fc.array(fc.tuple(fc.nat(numbers.length - 1), other), {
      minLength: 1,
      maxLength: 3,
    });
    const after = [
      reads(page),
      writes(page),
      submit(iotlbOfDomain(5), waitNothing),
      write(0x34, 1n),
    ];
    const property = fc.property(spoilt, (changes) => {
      let text = body;
      for (const [index, value] of changes.sort(([a], [b]) => b - a)) {
        const found = numbers[index];
        if (found === undefined) continue;
        text = text.slice(0, found.index) + value + text.slice(found.index + found[0].length);
      }
      busy.when(restore(recordOf(text)), after);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
