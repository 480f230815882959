import { describe, expect, test } from "vitest";
import type { Gpa, Hpa } from "../../events/address.ts";
import {
  allowed,
  buffered,
  flushed,
  flushLine,
  incoherent,
  told,
  withoutCm,
} from "./example-buffer.ts";
import { ask, exampleSetup, flushPage, happen, iova, write } from "./example-world.ts";
import { observe } from "./observe.ts";

describe("seen or not yet", () => {
  test("[OR43] a request may find each value that a word has had since it was seen", () => {
    const oracle = flushed(exampleSetup({ cap: withoutCm }));
    expect(allowed(oracle)).toEqual([0x7000n]);
    write(oracle, 0x6030n, 0x8003n);
    write(oracle, 0x6030n, 0x9003n);
    expect(allowed(oracle)).toEqual([0x7000n, 0x8000n, 0x9000n]);
    write(oracle, 0x5060n, 0xa003n);
    write(oracle, 0xa030n, 0xb003n);
    expect(allowed(oracle)).toEqual([6, 0x7000n, 0x8000n, 0x9000n, 0xb000n]);
    expect(told(ask(oracle))).toBe(0x7000n);
  });

  test("[OR43] what was flushed and announced is the only value left", () => {
    const oracle = flushed(exampleSetup({ cap: buffered }));
    write(oracle, 0x6030n, 0x8003n);
    write(oracle, 0x6030n, 0x9003n);
    happen(oracle, flushPage(5, iova));
    expect(allowed(oracle)).toEqual([0x9000n]);
    write(oracle, 0x6030n, 0x8003n);
    write(oracle, 0x6030n, 0x9003n);
    expect(allowed(oracle)).toEqual([0x8000n, 0x9000n]);
  });

  test("[OR43] a write-back is such a flush, of its own lines", () => {
    const oracle = flushed(exampleSetup({ ecap: incoherent }));
    write(oracle, 0x6030n, 0x8003n);
    write(oracle, 0x6030n, 0x9003n);
    flushLine(oracle, 0x6080n);
    expect(allowed(oracle)).toEqual([0x7000n, 0x8000n, 0x9000n]);
    flushLine(oracle, 0x6000n);
    happen(oracle, flushPage(5, iova));
    expect(allowed(oracle)).toEqual([0x9000n]);
  });

  test("[OR43] what was written before the value that is seen is seen no more", () => {
    const oracle = flushed(exampleSetup({ cap: buffered, ecap: incoherent }));
    for (const entry of [0x8003n, 0x9003n]) {
      write(oracle, 0x6030n, entry);
      flushLine(oracle, 0x6030n);
    }
    write(oracle, 0x6030n, 0xa003n);
    happen(oracle, flushPage(5, iova));
    expect(allowed(oracle)).toEqual([0x9000n, 0xa000n]);
  });

  test("[OR43] a part of a word makes all of it wait, and a page that goes takes it along", () => {
    const oracle = flushed(exampleSetup({ cap: withoutCm }));
    const byte = { bytes: new Uint8Array([0x90]), gpa: 0x6031n as Gpa };
    observe(oracle, { type: "MemoryWrite", ...byte }, []);
    expect(allowed(oracle)).toEqual([0x7000n, 0x9000n]);
    const page = { gpa: 0x6000n as Gpa, length: 0x1000n };
    observe(oracle, { type: "P2mUnmap", ...page }, []);
    const hpa = 0x3_0000_0000n as Hpa;
    observe(oracle, { type: "P2mMap", ...page, hpa, pageSize: "4K", read: true, write: true }, []);
    happen(oracle, flushPage(5, iova));
    expect(allowed(oracle)).toEqual([6]);
  });

  test("[OR43] of what is in the buffer the later of two writes may still wait in a cache", () => {
    const oracle = flushed(exampleSetup({ cap: buffered, ecap: incoherent }));
    write(oracle, 0x6030n, 0x8003n);
    flushLine(oracle, 0x6030n);
    write(oracle, 0x6030n, 0x9003n);
    happen(oracle, flushPage(5, iova));
    expect(allowed(oracle)).toEqual([0x8000n, 0x9000n]);
  });
});
