import { describe, expect, test } from "vitest";
import {
  ask,
  cap,
  ecap,
  exampleSetup,
  fourLevels,
  happen,
  iova,
  nvmeEntry,
  page,
  reasons,
  write,
} from "./example-world.ts";
import { createOracle } from "./oracle.ts";

describe("walks", () => {
  test("[OR1] four levels lead to the page, the P2M to the host's", () => {
    const { read } = ask(fourLevels(), 0x1806123n);
    expect(read.guest).toEqual(page(0x7123n, "4K"));
    expect(read.composed).toEqual({ hpa: 0x1_0000_7123n, size: "4K" });
  });

  test("[OR1] three levels skip the top table", () => {
    const oracle = fourLevels();
    write(oracle, nvmeEntry, 0x4001n, 0x0501n);
    expect(ask(oracle).write.guest).toEqual(page(0x7000n, "4K"));
    expect(reasons(ask(oracle, 1n << 39n))).toEqual([4, 4]);
    expect(reasons(ask(oracle, (1n << 39n) - 1n))).toEqual([6, 5]);
  });

  test("[OR2] a 2 MiB and a 1 GiB leaf, as large as both stages", () => {
    const oracle = fourLevels();
    write(oracle, 0x5068n, 0x4020_0083n, 0x20_0083n);
    const large = ask(oracle, 0x1a01234n).read;
    expect(large.guest).toEqual(page(0x4020_1234n, "2M"));
    expect(large.composed).toEqual({ hpa: 0x2_4020_1234n, size: "2M" });
    expect(ask(oracle, 0x1c00000n).read.composed).toEqual({ hpa: 0x1_0020_0000n, size: "2M" });
    write(oracle, 0x4008n, 0x4000_0083n, 0x83n);
    expect(ask(oracle, 0x4000_5000n).read.composed).toEqual({ hpa: 0x2_4000_5000n, size: "1G" });
    const small = ask(oracle, 0x8000_5000n).read;
    expect(small.guest).toEqual(page(0x5000n, "1G"));
    expect(small.composed).toEqual({ hpa: 0x1_0000_5000n, size: "2M" });
    expect(ask(oracle, 0x8100_0000n).read.composed).toEqual({ hole: true });
  });

  test("[OR3] translation off and pass-through are the P2M alone", () => {
    const off = createOracle(exampleSetup());
    expect(ask(off, 0x5123n).read.composed).toEqual({ hpa: 0x1_0000_5123n, size: "2M" });
    expect(ask(off, 0xfee0_0000n).write.composed).toEqual({ interrupt: true });
    const oracle = fourLevels();
    write(oracle, nvmeEntry, 0x9n, 0x0502n);
    expect(ask(oracle, 0x5123n).read.composed).toEqual({ hpa: 0x1_0000_5123n, size: "2M" });
    expect(reasons(ask(oracle, 1n << 48n))).toEqual([4, 4]);
    happen(oracle, { type: "TranslationDisabled" });
    expect(ask(oracle).pending).toBe(false);
    expect(reasons(ask(oracle, 1n << 48n))).toEqual([-1, -1]);
  });

  const faults: readonly (readonly [string, bigint, readonly bigint[], number, number])[] = [
    ["1h root entry not present", 0x1000n, [0x2000n, 0n], 1, 1],
    ["8h root table unreadable", 0n, [], 8, 8],
    ["9h context table unreadable", 0x1000n, [0x2000_0001n, 0n], 9, 9],
    ["Ah reserved bit of the root entry", 0x1000n, [0x2801n, 0n], 0xa, 0xa],
    ["Ah address beyond the HAW in the root entry", 0x1000n, [0x100_0000_2001n, 0n], 0xa, 0xa],
    ["Ah upper half of the root entry", 0x1000n, [0x2001n, 1n], 0xa, 0xa],
    ["2h context entry not present", nvmeEntry, [0x3000n, 0x502n], 2, 2],
    ["Bh reserved bit of the context entry", nvmeEntry, [0x3011n, 0x502n], 0xb, 0xb],
    ["Bh reserved bit 71", nvmeEntry, [0x3001n, 0x582n], 0xb, 0xb],
    ["Bh reserved bit 88", nvmeEntry, [0x3001n, 0x100_0502n], 0xb, 0xb],
    ["Bh before 3h", nvmeEntry, [0x301dn, 0x507n], 0xb, 0xb],
    ["3h width that SAGAW lacks", nvmeEntry, [0x3001n, 0x503n], 3, 3],
    ["3h no width", nvmeEntry, [0x3001n, 0x500n], 3, 3],
    ["3h reserved translation type", nvmeEntry, [0x300dn, 0x502n], 3, 3],
    ["3h top table unreadable", nvmeEntry, [0x2000_0001n, 0x502n], 3, 3],
    ["7h lower table unreadable", 0x4000n, [0x2000_0003n], 7, 7],
    ["5h no write permission above the leaf", 0x4000n, [0x5001n], -1, 5],
    ["6h no read permission in the leaf", 0x6030n, [0x7002n], 6, -1],
    ["6h and 5h before Ch", 0x6030n, [0xff_0000_0000_7000n], 6, 5],
    ["Ch address beyond the HAW", 0x6030n, [0x100_0000_7003n], 0xc, 0xc],
    ["Ch bit 7 at level 4", 0x3000n, [0x4083n], 0xc, 0xc],
    ["Ch misaligned 2 MiB leaf", 0x5060n, [0x4000_1083n], 0xc, 0xc],
    ["Ch misaligned 1 GiB leaf", 0x4000n, [0x4020_0083n], 0xc, 0xc],
    ["no fault for ignored bits", 0x6030n, [0xbff0_0000_0000_77fbn], -1, -1],
    ["Eh result in the interrupt range", 0x6030n, [0xfee0_0003n], 0xe, 0xe],
    ["no Eh right above it", 0x6030n, [0xfef0_0003n], -1, -1],
  ];
  test.each(faults)("[OR4] %s", (_, at, values, reading, writing) => {
    const oracle = fourLevels();
    if (values.length > 0) write(oracle, at, ...values);
    else happen(oracle, { type: "RootPointerLatched", value: 0x2000_0000n });
    expect(reasons(ask(oracle))).toEqual([reading, writing]);
  });

  test("[OR4] without SC bit 11, without SLLPS PS, without DT and PT their TT is refused", () => {
    const oracle = fourLevels(exampleSetup({ ecap: ecap & ~0xc4n, cap: cap & ~(3n << 34n) }));
    write(oracle, 0x6030n, 0x7803n);
    expect(reasons(ask(oracle))).toEqual([0xc, 0xc]);
    write(oracle, 0x6030n, 0x7003n);
    expect(reasons(ask(oracle))).toEqual([-1, -1]);
    write(oracle, 0x5060n, 0x4000_0083n);
    expect(reasons(ask(oracle))).toEqual([0xc, 0xc]);
    for (const tt of [0x4n, 0x8n]) {
      write(oracle, nvmeEntry, 0x3001n | tt);
      expect(reasons(ask(oracle))).toEqual([3, 3]);
    }
  });

  test("[OR5] FPD suppresses qualified faults, also of an entry that is not present", () => {
    const oracle = fourLevels();
    write(oracle, nvmeEntry, 0x2n);
    expect(ask(oracle).read.guest).toEqual({ fault: 2, suppressed: true });
    write(oracle, nvmeEntry, 0x3003n);
    expect(ask(oracle, iova + 0x1000n).read.guest).toEqual({ fault: 6, suppressed: true });
    write(oracle, 0x1000n, 0x2000n);
    expect(ask(oracle).read.guest).toEqual({ fault: 1, suppressed: false });
  });

  test("[OR6] a leaf over the interrupt range counts as smaller pages", () => {
    const oracle = fourLevels();
    write(oracle, 0x4008n, 0xc000_0083n);
    const at = (gpa: bigint) => ask(oracle, gpa - 0x8000_0000n).read.guest;
    expect(at(0xc000_0000n)).toEqual(page(0xc000_0000n, "2M"));
    expect(at(0xfee0_0000n)).toEqual({ fault: 0xe, suppressed: false });
    expect(at(0xfeef_f000n)).toEqual({ fault: 0xe, suppressed: false });
    expect(at(0xfef0_0000n)).toEqual(page(0xfef0_0000n, "4K"));
    expect(at(0xff00_0000n)).toEqual(page(0xff00_0000n, "2M"));
  });

  test("[OR6] a write into the interrupt range is no DMA, a read is", () => {
    const oracle = fourLevels();
    expect(ask(oracle, 0xfee0_1000n).write.guest).toEqual({ interrupt: true });
    expect(ask(oracle, 0xfee0_1000n).read.guest).toEqual({ fault: 6, suppressed: false });
  });
});
