import { describe, expect, it } from "vitest";
import type { Gpa, Iova } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { at } from "../events/registers/offset.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import {
  command,
  deviceTlbOf,
  memory,
  protect,
  reads,
  te,
  write,
  write8,
} from "../properties/examples/driver.ts";
import { fingerprints, orbitOf } from "./canonical/fingerprints.ts";
import { namesOf } from "./canonical/names.ts";
import { renamingsOf } from "./canonical/renaming.ts";
import { pageRequests } from "./configuration/page-requests.ts";
import { revoke } from "./configuration/revoke.ts";
import {
  devices,
  domains,
  entryTo,
  gpaOf,
  iovaOf,
  leafOf,
  place,
  submitted,
} from "./configuration/small-guest.ts";
import { startOf } from "./engine/search.ts";

const start = startOf(revoke as never);
const [device, other] = devices;
const nothing = {};
const tellNothing = (): void => undefined;
const fingerprint = fingerprints(renamingsOf(revoke.alike), revoke.layout, tellNothing);
const plain = fingerprints(renamingsOf([]), revoke.layout, tellNothing);

const worldAfter = (...inputs: readonly Input[]) =>
  inputs.reduce((world, input) => fold(world, input).world, start.world);
const wordsAfter = (...inputs: readonly Input[]) => plain(worldAfter(...inputs), nothing).words;

const leaf = leafOf(domains[0] as (typeof domains)[number], 0);
const maps = memory(leaf, entryTo(16));
const announces = submitted(start.world, 0x12n);
const iova = iovaOf(0) as Iova;
const issue = { type: "DmaIssue", tag: 0, device, iova, access: "write", length: 8 } as const;
const asks = { type: "AtsRequest", device, iova, access: "write" } as const;
const mapped = [maps, ...announces];
const owing = submitted(start.world, deviceTlbOf(device));

/** Something that makes a difference to what may happen, after something that does not. */
const differences: readonly (readonly [string, readonly Input[], readonly Input[]])[] = [
  ["a word of memory", [], [memory(gpaOf(place.spare), 1n)]],
  ["a table entry that is not announced", [], [maps]],
  ["an announcement", [maps], announces],
  ["a context entry", [], [memory(gpaOf(place.contexts) + 0x200n, 0n, 0n)]],
  ["a register", [], [write(at.iedata, 7n)]],
  ["translation", [], [command(0n), command(te)]],
  ["a hole of the P2M", [], [{ type: "P2mUnmap", gpa: gpaOf(16) as Gpa, length: 0x1000n }]],
  ["what the P2M grants", [], [protect(gpaOf(16), 0x1000n, true, false)]],
  ["what the IOTLB holds", mapped, [reads(iovaOf(0), device)]],
  ["what is on its way", mapped, [issue]],
  ["by what it was translated", [...mapped, asks], [{ ...issue, translated: true }]],
  ["what a device's TLB holds", mapped, [asks]],
  ["what a device owes", [], owing],
  ["an error of the queue", [], [write(at.iqt, 4096n)]],
  ["a status that the unit writes", [], submitted(start.world, 0x2_0000_0025n | (0xa000n << 64n))],
  ["a device that goes", [], [{ type: "DeviceRemove", device: other }]],
  ["a unit that is reset", [], [{ type: "UnitReset" }]],
];

const submits = (...descriptors: readonly bigint[]) => submitted(start.world, ...descriptors);
const failed = (by: typeof device | typeof other): Input => ({
  ...{ type: "DeviceTlbAnswer", device: by, result: "failed" },
});

/** Two ways that differ in who or what it is alone. */
const alternatives: readonly (readonly [string, readonly Input[], readonly Input[]])[] = [
  ["who owes an answer", owing, submits(deviceTlbOf(other))],
  [
    "who owes one first",
    submits(deviceTlbOf(device), deviceTlbOf(other)),
    submits(deviceTlbOf(other), deviceTlbOf(device)),
  ],
  ["who failed", [failed(device)], [failed(other)]],
  ["whose request is on its way", [...mapped, issue], [...mapped, { ...issue, device: other }]],
  [
    "whether what is on its way writes",
    [...mapped, issue],
    [...mapped, { ...issue, access: "read" } as const],
  ],
  ["whose TLB has a page", [...mapped, asks], [...mapped, { ...asks, device: other }]],
  [
    "what is still to be fetched",
    [...submits(0xfn), ...submitted(worldAfter(...submits(0xfn)), 0x12n)],
    [...submits(0xfn), ...submitted(worldAfter(...submits(0xfn)), 0x5n)],
  ],
];

describe("fingerprints", () => {
  it.each(alternatives)("[EX5] tell states apart by %s", (_, one, two) => {
    expect(wordsAfter(...one)).not.toEqual(wordsAfter(...two));
  });

  it.each(differences)("[EX5] tell a state from the one before by %s", (_, before, change) => {
    expect(wordsAfter(...before, ...change)).not.toEqual(wordsAfter(...before));
  });

  it("[EX5] tell states apart by what waits in a write buffer", () => {
    const buffered = createWorld({
      guests: revoke.setup.guests.map((one) => ({ ...one, cap: one.cap | 0x10n })),
    });
    const wordsAfter = (value: bigint) =>
      plain(fold(buffered, memory(gpaOf(place.spare), value)).world, nothing).words;
    expect(wordsAfter(1n)).not.toEqual(wordsAfter(2n));
  });

  it("[EX6] do not tell apart what only the numbers of events or descriptors tell apart", () => {
    const note = { type: "Note", text: "nothing" } as const;
    expect(wordsAfter(note, maps)).toEqual(wordsAfter(maps, note));
    const twice = worldAfter(maps, ...announces);
    const again = submitted(twice, 0x12n).reduce((world, one) => fold(world, one).world, twice);
    expect(again.guests[0]?.queue.head).not.toBe(twice.guests[0]?.queue.head);
    expect(plain(again, nothing).words).toEqual(plain(twice, nothing).words);
  });

  it("[EX6] do not tell like devices apart by what names them in the queue", () => {
    // An error, behind which nothing is fetched, then a context invalidation of one device.
    const waiting = (one: typeof device | typeof other) =>
      submitted(worldAfter(...submits(0xfn)), 0x1_0031n | (BigInt(one) << 32n));
    const [its, others] = [device, other].map((one) => {
      const { words } = fingerprint(worldAfter(...submits(0xfn), ...waiting(one)), nothing);
      return words;
    });
    expect(its).toEqual(others);
    expect(its).not.toEqual(fingerprint(worldAfter(...submits(0xfn)), nothing).words);
  });

  it("[EX6] do not tell like things apart, and say how many states there are of a kind", () => {
    const [one, two] = [entryTo(16), entryTo(17)].map((entry) => worldAfter(memory(leaf, entry)));
    const found = [one, two].map((world) => fingerprint(world ?? start.world, nothing));
    expect(found[0]?.words).toEqual(found[1]?.words);
    expect(found.map((each) => orbitOf(each))).toEqual([4, 4]);
    expect(orbitOf(fingerprint(start.world, nothing))).toBe(1);
    expect(wordsAfter(maps)).not.toEqual(wordsAfter(memory(leaf, entryTo(17))));
  });

  it("[EX6] of a unit of scalable mode do not depend on the order of what they know", () => {
    const { world } = startOf(pageRequests as never);
    const scalable = fingerprints(renamingsOf([]), pageRequests.layout, tellNothing);
    const request = (group: number): Input => ({
      ...{ type: "PageRequest", device, iova: 0x1000n as Iova, read: true, write: false },
      ...{ group, last: false, pasid: 0x41 },
    });
    const played = (...groups: readonly number[]) =>
      groups.reduce((now, group) => fold(now, request(group)).world, world);
    const wordsOf = (now: typeof world) => scalable(now, nothing).words;
    expect(wordsOf(played(1))).not.toEqual(wordsOf(world));
    expect(wordsOf(played(1, 2))).toEqual(wordsOf(played(2, 1)));
    expect(wordsOf(played(1, 2))).not.toEqual(wordsOf(played(1)));
  });
});

describe("what a driver submits", () => {
  it("[EX23] goes on at the beginning of the ring", () => {
    const atEnd = worldAfter(write8(at.iqt, 0xff0n));
    const places = submitted(atEnd, 1n, 2n).map((input) =>
      input.type === "MemoryWrite" ? input.gpa : "value" in input && input.value,
    );
    expect(places).toEqual([0x9ff0n, 0x9000n, 0x10n]);
  });
});

describe("renamings", () => {
  it("[EX7] are a group, the first of which changes nothing", () => {
    const all = renamingsOf([{ did: [1, 2, 3], gfn: [[4, 5, 6]] }, { gfn: [[4, 7]] }]).map(namesOf);
    expect(all).toHaveLength(12);
    const shown = all.map(({ did, gfn }) =>
      [1, 2, 3].map(did).concat([4, 5, 6, 7].map(gfn)).join(),
    );
    expect(shown[0]).toBe("1,2,3,4,5,6,7");
    expect(new Set(shown).size).toBe(12);
    for (const { did } of all) expect([1, 2, 3].map(did).sort()).toEqual([1, 2, 3]);
    expect(all[0]?.hfn(9)).toBe(9);
  });
});
