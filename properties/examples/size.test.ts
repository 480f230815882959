import { describe, expect, test } from "vitest";
import type { SourceId } from "../../events/address.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import type { Radix } from "../../tables/radix.ts";
import { memory, rootTable, turnOn } from "./driver.ts";
import { given } from "./given.ts";
import { guestWith, range, unit } from "./unit.ts";

const devicesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ device: index as SourceId, physical: true }));

/** Nodes of a map that another version of it does not have. */
function newNodes(before: Radix<unknown>, after: Radix<unknown>): number {
  const [old, made] = [new Set<unknown>(), new Set<unknown>()];
  const visit = (node: unknown, shift: number, see: (one: unknown) => void): void => {
    if (!Array.isArray(node) || shift < 0) return;
    see(node);
    for (const child of node) visit(child, shift - 4, see);
  };
  visit(before.root, before.shift, (node) => old.add(node));
  visit(after.root, after.shift, (node) => {
    if (!old.has(node)) made.add(node);
  });
  return made.size;
}

describe("size", () => {
  test("[SZ1] one more device of 8,192 copies a few nodes and is one entry's affair", () => {
    const scene = given(unit({ devices: devicesOf(8192) }));
    const more = scene.when({ type: "DeviceAssign", device: 8192 as SourceId, physical: true });
    expect(more.types).toEqual(["DeviceAssigned", "HostEntryChanged"]);
    const [before, after] = [scene.guest(), more.guest()];
    expect(newNodes(before.devices.bySource, after.devices.bySource)).toBeLessThanOrEqual(4);
    expect(newNodes(before.devices.byRequester, after.devices.byRequester)).toBeLessThan(9);
    expect(newNodes(before.hosts, after.hosts)).toBeLessThanOrEqual(4);
  });

  test("[SZ1] a change of one of 512 shadows on one root copies a few nodes", () => {
    const entries = Array.from({ length: 256 }, (_, index) => [0x3001n, BigInt(index << 8) | 2n]);
    const others = entries.map(([low = 0n, high = 0n]) => [low, high | 0x1_0000n]);
    const scene = given(
      unit({ devices: devicesOf(512) }),
      memory(rootTable, 0x2001n, 0n, 0x8001n, 0n),
      memory(0x2000n, ...entries.flat()),
      memory(0x8000n, ...others.flat()),
      turnOn,
    );
    const [before] = [scene.guest()];
    expect(shadowsOf(before)).toHaveLength(512);
    const [first] = shadowsOf(before);
    const used = scene.when({
      type: "Dma",
      device: 3 as SourceId,
      iova: 0n as never,
      access: "read",
    });
    expect(newNodes(before.shadows.byId, used.guest().shadows.byId)).toBeLessThanOrEqual(3);
    expect(shadowsOf(used.guest())[0]).toBe(first);
  });

  test("[SY8] and as many levels: with others the same root is another shadow", () => {
    const contexts = memory(0x2000n, 0x3001n, 0x502n, 0x3001n, 0x503n, 0x3001n, 0x502n);
    const five = unit({ cap: { sagaw: 0b01110, mgaw: 56 }, devices: devicesOf(3) });
    const scene = given(five, memory(rootTable, 0x2001n, 0n), contexts, turnOn);
    expect(shadowsOf(scene.guest()).map(({ levels }) => levels)).toEqual([4, 5]);
  });

  test("[SZ2] 20,000 guests, each with memory and a device, and 20,000 devices of one", () => {
    const guests = Array.from({ length: 20_000 }, (_, index) =>
      guestWith({ p2m: [range(0n, BigInt(index) << 21n, 0x20_0000n, "2M")] }),
    );
    const world = createWorld({ guests });
    expect(new Set(world.guests.map(({ profile }) => profile)).size).toBe(1);
    expect(world.guests.every((guest, index) => guest.index === index)).toBe(true);
    const [one] = createWorld(unit({ devices: devicesOf(20_000) })).guests;
    expect(one?.devices.bySource.size).toBe(20_000);
    expect(one?.hosts.size).toBe(20_000);
  });
});
