import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Input } from "../events/input.ts";
import { parseEvent, parseHeader } from "../events/log/log.ts";
import { LogError } from "../events/log/log-error.ts";
import { readLog } from "../events/log/read-log.ts";
import { MalformedError } from "../events/malformed-error.ts";
import { ProfileError } from "../events/profile/profile-check.ts";
import type { Setup } from "../events/setup.ts";
import { SetupError } from "../hypervisor/create-world.ts";
import { anySetup } from "../properties/arbitrary/event.ts";
import { createWorld, encodeEvent, encodeHeader, fold, steps, translate, why } from "./check.ts";
import { anyJunk, device, dma, errorOf, setup, start } from "./test/junk.ts";

describe("nonsense beside events", () => {
  it("[LB3] for a world, a question or a line is the one error", () => {
    const question = { device, iova: dma.iova };
    const property = fc.property(anyJunk, (junk) => {
      const any = junk as never;
      expect(errorOf(() => fold(any, dma))).toBeDefined();
      expect(errorOf(() => translate(start, any))).toBeDefined();
      expect(errorOf(() => why(start, [dma, any], question))).toBeDefined();
      expect(errorOf(() => why(start, [], any))).toBeDefined();
      expect(errorOf(() => encodeEvent(any))).toBeDefined();
      expect(errorOf(() => encodeEvent({ seq: 1, input: any }))).toBeDefined();
      expect(errorOf(() => encodeHeader(any))).toBeDefined();
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("[LB3] a set-up names the field of the guest, the range or the device", () => {
    const [guest] = setup.guests;
    const range = { gpa: 0n, hpa: 0n, length: 4096n, pageSize: "4K", read: true };
    const wrong = { guests: [guest, { ...guest, p2m: [range] }] } as unknown as Setup;
    expect(errorOf(() => createWorld(wrong))).toMatchObject({ field: "guests[1].p2m[0].write" });
    expect(errorOf(() => createWorld({ guests: [] }))).toMatchObject({ field: "guests" });
  });

  it("[LB3] any set-up makes a world, or is refused by what it is", () => {
    const known = [MalformedError, ProfileError, SetupError];
    const property = fc.property(fc.oneof(anySetup, anyJunk), (value) => {
      try {
        createWorld(value as Setup);
      } catch (error) {
        expect(known.some((one) => error instanceof one)).toBe(true);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("[LB3] whatever stands for a line of a log is a LogError", () => {
    const lines = fc.oneof(anyJunk, fc.string(), fc.json()) as fc.Arbitrary<string>;
    const property = fc.property(lines, (line) => {
      expect(() => parseEvent(line, 2)).toThrow(LogError);
      expect(() => parseHeader(line)).toThrow(LogError);
      expect(() => [...readLog([encodeHeader(setup), line]).events]).toThrow(LogError);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe("what is passed in", () => {
  it("[LB4] may be changed afterwards, and nothing changes with it", () => {
    const p2m = [
      ...[{ gpa: 0n, hpa: 0x10_0000n, length: 4096n, pageSize: "4K", read: true, write: true }],
    ];
    const mutable = { guests: [{ ...setup.guests[0], p2m }] };
    const before = createWorld(mutable as unknown as Setup);
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const input = { ...dma, iova: 0n, bytes, access: "write" } as unknown as Input;
    const [step] = steps(before, [input]);
    const kept = structuredClone(step);
    bytes.fill(0xff);
    Object.assign(input, { iova: 0x5000n, access: "read" });
    p2m.pop();
    expect(step).toEqual(kept);
    expect(step?.facts.map(({ type }) => type)).toContain("DmaLanded");
  });
});
