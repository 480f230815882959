import { describe, expect, test } from "vitest";
import { gpa } from "../../events/address.ts";
import { PostedDescriptor } from "../../events/interrupt/posted-descriptor.ts";
import { memory, protect, unmap } from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import { descriptor, entry, msi, posting, remapping } from "./interrupt-driver.ts";
import { unit } from "./unit.ts";

type Fields = Parameters<typeof PostedDescriptor.encode>[0];

/** Notifies x2APIC id 1005h with vector F2h. */
const words = (fields: Fields = {}): Inputs => {
  const word = PostedDescriptor.encode({ nv: 0xf2, ndst: 0x1005, ...fields });
  const each = [0n, 64n, 128n, 192n, 256n, 320n].map((at) => BigInt.asUintN(64, word >> at));
  return memory(descriptor, ...each);
};
const wordsAt = (scene: Scene): bigint =>
  [0n, 8n, 16n, 24n, 32n, 40n].reduce(
    (sum, at) => sum | (scene.word(descriptor + at) << (at * 8n)),
    0n,
  );
const read = (scene: Scene) => PostedDescriptor.decode(wordsAt(scene));

const on = given(unit({ cap: { pi: true } }), words(), entry(1, posting()), remapping);
const bit = 1n << 0x41n;

describe("posted interrupts", () => {
  test("[PI1] a request sets its bit and ON, and sends the notification", () => {
    const scene = on.when(msi(1));
    expect(read(scene)).toMatchObject({ pir: bit, on: true, sn: false, nv: 0xf2 });
    expect(scene.of("InterruptPosted")).toMatchObject([{ index: 1, descriptor, vector: 0x41 }]);
    expect(scene.of("NotificationSent")).toMatchObject([{ destination: 0x1005, vector: 0xf2 }]);
    expect(scene.of("MemoryWritten").map(({ bytes }) => bytes.length)).toEqual([64]);
  });

  test("[PI2] while ON is set no further notification goes out", () => {
    const scene = on.when(msi(1)).when(msi(1));
    expect(scene.types).toContain("InterruptPosted");
    expect(scene.types).not.toContain("NotificationSent");
  });

  test("[PI3] SN suppresses the notification, not the request; an urgent one goes out", () => {
    const quiet = on.when(words({ sn: true }));
    const scene = quiet.when(msi(1));
    expect(read(scene)).toMatchObject({ pir: bit, on: false, sn: true });
    expect(scene.types).not.toContain("NotificationSent");
    const urgent = quiet.when(entry(2, posting({ urg: true })), msi(2));
    expect(urgent.types).toContain("NotificationSent");
    expect(read(urgent)).toMatchObject({ on: true, sn: true });
  });

  test("[PI4] what the CPU wrote last is not lost, also from its cache", () => {
    const devices = { cap: { pi: true }, ecap: { c: false } };
    const flushed = (inputs: Inputs): Inputs => [
      inputs,
      { type: "CacheFlush", gpa: gpa(0n), length: 1n << 30n },
    ];
    const setup = flushed([words(), entry(1, posting())]);
    const scene = given(unit(devices), setup, flushed(remapping));
    const ahead = scene.when(memory(descriptor, 0xff00n), msi(1));
    expect(read(ahead).pir).toBe(bit | 0xff00n);
    const taken = on.when(msi(1), memory(descriptor, 0n, 0n), msi(1));
    expect(read(taken)).toMatchObject({ pir: bit, on: true });
  });

  test("[IB27] a descriptor that cannot be read and written", () => {
    for (const change of [unmap(0n, 0x20_0000n), protect(0n, 0x20_0000n, true, false)]) {
      const scene = on.when(entry(2, posting()), msi(2), change).when(msi(2));
      expect(scene.of("InterruptBlocked")).toMatchObject([{ reason: 0x27, index: 2 }]);
    }
  });

  test("[IB28] a descriptor with a reserved bit set", () => {
    const scene = on.when(memory(descriptor + 40n, 1n), msi(1));
    expect(scene.of("InterruptBlocked")).toMatchObject([{ reason: 0x28 }]);
    expect(scene.types).not.toContain("MemoryWritten");
  });
});
