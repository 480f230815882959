import { describe, expect, test } from "vitest";
import type { Gpa } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import {
  buffered,
  flushed,
  flushLine,
  incoherent,
  seen,
  told,
  wbf,
  withoutCm,
} from "./example-buffer.ts";
import {
  ask,
  cap,
  ecap,
  exampleSetup,
  flushPage,
  happen,
  iova,
  nvme,
  nvmeEntry,
  words,
  write,
} from "./example-world.ts";
import { observe } from "./observe.ts";
import { createOracle } from "./oracle.ts";

describe("write buffer", () => {
  test("[OR40] with CAP.RWBF a write is seen once the buffer is flushed", () => {
    const oracle = createOracle(exampleSetup({ cap: buffered }));
    write(oracle, 0x1000n, 1n, 2n);
    write(oracle, 0x2ff8n, 3n, 4n);
    const all = () => [0x1000n, 0x1008n, 0x2ff8n, 0x3000n].map((gpa) => seen(oracle, gpa));
    expect(all()).toEqual([0n, 0n, 0n, 0n]);
    happen(oracle, wbf);
    expect(all()).toEqual([1n, 2n, 3n, 4n]);
    write(oracle, 0x1000n, 5n);
    expect(all()).toEqual([1n, 2n, 3n, 4n]);
    happen(oracle, wbf, wbf);
    expect(all()).toEqual([5n, 2n, 3n, 4n]);
  });

  test("[OR40] without it a write is seen at once, and a flush changes nothing", () => {
    const oracle = createOracle(exampleSetup());
    write(oracle, 0x1000n, 1n);
    expect(seen(oracle, 0x1000n)).toBe(1n);
    happen(oracle, wbf);
    expect(seen(oracle, 0x1000n)).toBe(1n);
  });

  test.each([false, true])("[OR40] tables are seen as of the last flush; kept: %s", (keeps) => {
    const oracle = flushed(exampleSetup({ cap: withoutCm }), keeps);
    expect(told(ask(oracle))).toBe(0x7000n);
    write(oracle, 0x6030n, 0x8003n);
    expect([told(ask(oracle)), ask(oracle).pending]).toEqual([0x7000n, false]);
    happen(oracle, wbf);
    expect([told(ask(oracle)), ask(oracle).pending]).toEqual([0x8000n, true]);
  });

  const implied: readonly (readonly [string, Fact])[] = [
    ["contexts", { type: "ContextInvalidated", scope: "domain", did: 9 }],
    ["pages", flushPage(9, 0x9000n)],
    ["PASID entries", { type: "PasidCacheInvalidated", scope: "domain", did: 9 }],
    ["first stages", { type: "PasidIotlbInvalidated", scope: "pasid", did: 9, pasid: 9 }],
    ["interrupt entries", { type: "InterruptEntriesInvalidated", first: 9, count: 1 }],
  ];

  test.each(implied)("[OR41] an invalidation of %s flushes, whatever it names", (_, fact) => {
    const oracle = createOracle(exampleSetup({ cap: buffered }));
    write(oracle, 0x1000n, 1n);
    happen(oracle, fact);
    expect(seen(oracle, 0x1000n)).toBe(1n);
  });

  test.each([false, true])("[OR41] what is cached afterwards is new; kept: %s", (keeps) => {
    const oracle = flushed(exampleSetup({ cap: buffered }), keeps);
    write(oracle, 0x6030n, 0x8003n);
    happen(oracle, flushPage(5, iova));
    expect([told(ask(oracle)), ask(oracle).pending]).toEqual([0x8000n, false]);
    write(oracle, nvmeEntry, 0n);
    happen(oracle, { type: "ContextInvalidated", scope: "device", did: 5, source: nvme, mask: 0 });
    expect([told(ask(oracle)), ask(oracle).pending]).toEqual([2, false]);
  });

  test("[OR41] neither a pointer, nor an enable, nor a device's TLB flushes", () => {
    const oracle = createOracle(exampleSetup({ cap: buffered | (1n << 63n) }));
    write(oracle, 0x1000n, 0x2001n);
    happen(
      oracle,
      { type: "RootPointerLatched", value: 0x1000n },
      { type: "TranslationEnabled" },
      { type: "DeviceTlbInvalidated", device: nvme, iova: 0n as never, length: 4096n },
      { type: "QueueEnabled" } as Fact,
    );
    expect(seen(oracle, 0x1000n)).toBe(0n);
  });

  test("[OR42] without ECAP.C as well a write is written back first, and flushed then", () => {
    const oracle = createOracle(exampleSetup({ cap: buffered, ecap: incoherent }));
    write(oracle, 0x1000n, 1n);
    happen(oracle, wbf);
    expect(seen(oracle, 0x1000n)).toBe(0n);
    flushLine(oracle, 0x1000n);
    expect(seen(oracle, 0x1000n)).toBe(0n);
    happen(oracle, wbf);
    expect(seen(oracle, 0x1000n)).toBe(1n);
    observe(oracle, { ...words(0x1000n, 2n), flushed: true } as ReturnType<typeof words>, []);
    write(oracle, 0x1000n, 3n);
    happen(oracle, wbf);
    expect(seen(oracle, 0x1000n)).toBe(2n);
  });

  test("[OR42] what the unit and devices write waits nowhere, and is in what is flushed", () => {
    const oracle = createOracle(exampleSetup({ cap: buffered }));
    write(oracle, 0x1000n, 0x1111n, 0x2222n);
    happen(oracle, {
      type: "MemoryWritten",
      gpa: 0x1001n as Gpa,
      bytes: new Uint8Array([0xff]),
    });
    expect([seen(oracle, 0x1000n), seen(oracle, 0x1008n)]).toEqual([0xff00n, 0n]);
    happen(oracle, wbf);
    expect([seen(oracle, 0x1000n), seen(oracle, 0x1008n)]).toEqual([0xff11n, 0x2222n]);
  });

  test("[OR42] what a page held in the buffer is lost with its mapping", () => {
    const oracle = createOracle(exampleSetup({ cap: buffered }));
    write(oracle, 0x1000n, 1n);
    const range = { gpa: 0x1000n as Gpa, length: 0x1000n };
    observe(oracle, { type: "P2mUnmap", ...range }, []);
    const mapped = {
      hpa: 0x3_0000_0000n as never,
      pageSize: "4K",
      read: true,
      write: true,
    } as const;
    observe(oracle, { type: "P2mMap", ...range, ...mapped }, []);
    happen(oracle, wbf);
    expect(seen(oracle, 0x1000n)).toBe(0n);
  });

  test("[OR42] an oracle that is told to knows no buffer, whatever the unit says", () => {
    const setup = exampleSetup({ cap: buffered });
    const oracle = createOracle(setup, [], [], false, false);
    write(oracle, 0x1000n, 1n);
    expect(seen(oracle, 0x1000n)).toBe(1n);
    happen(oracle, { type: "UnitCreated", ver: 0x10n, cap: buffered, ecap } as Fact);
    write(oracle, 0x1000n, 2n);
    expect(seen(oracle, 0x1000n)).toBe(2n);
  });

  test("[OR42] a unit that is made anew without a buffer sees what waited", () => {
    const oracle = createOracle(exampleSetup({ cap: buffered }));
    write(oracle, 0x1000n, 1n);
    happen(oracle, { type: "UnitCreated", ver: 0x10n, cap, ecap } as Fact);
    expect(seen(oracle, 0x1000n)).toBe(1n);
    write(oracle, 0x1000n, 2n);
    expect(seen(oracle, 0x1000n)).toBe(2n);
  });
});
