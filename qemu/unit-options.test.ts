import { expect, test } from "vitest";
import type { QemuBinary } from "./binary.ts";
import { isSeenIn, knownDeviations } from "./deviation/known.ts";
import {
  offers,
  renamedOptions,
  scalableOptions,
  unitOptionsOf,
  usualUnitOptions,
} from "./unit-options.ts";

const binary = (version: string, ...properties: readonly string[]): QemuBinary => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const all = new Set(["caching-mode", "intremap", "aw-bits", ...properties]);
  return { path: "qemu", version, major, minor, properties: all };
};
const old = binary("7.2.22", "x-scalable-mode");
const middle = binary("10.0.13", "x-scalable-mode", "x-flts");
const recent = binary("11.1.3", "scalable-mode", "fsts", "pasid-bits");
const common = ",caching-mode=on,intremap=on,aw-bits=48";

test("[QF15] options of the unit have the names that the QEMU's own help gives them", () => {
  expect(unitOptionsOf(middle, "first-stage")).toBe(`${common},x-scalable-mode=on,x-flts=on`);
  expect(unitOptionsOf(recent, "first-stage")).toBe(`${common},scalable-mode=on,fsts=on`);
  expect(usualUnitOptions("first-stage")).toBe(unitOptionsOf(middle, "first-stage"));
  expect([old, middle, recent].map(scalableOptions)).toEqual([
    ",x-scalable-mode=on",
    ",x-scalable-mode=on,x-flts=on",
    ",scalable-mode=on,fsts=on",
  ]);
  expect(() => unitOptionsOf(old, "first-stage")).toThrow("7.2.22 has no fsts or x-flts");
  expect([old, middle, recent].map((one) => offers(one, "pasids"))).toEqual([false, false, true]);
});

test("[QF15] those written down with another version are renamed, others stay", () => {
  const written = ",aw-bits=48,x-scalable-mode=on,x-flts=on,unheard-of=1";
  expect(renamedOptions(recent, written)).toBe(",aw-bits=48,scalable-mode=on,fsts=on,unheard-of=1");
  expect(renamedOptions(middle, ",scalable-mode=on,fsts=on")).toBe(",x-scalable-mode=on,x-flts=on");
});

test("[QF16] a version between two that were looked at may have what either has", () => {
  const seenBy = (id: string) => {
    const known = knownDeviations.find((each) => each.id === id);
    const versions = ["7.2", "9.2", "10.0", "10.2", "11.1", "12.0"] as const;
    return versions.filter((each) => known !== undefined && isSeenIn(known, binary(each)));
  };
  expect(seenBy("wait-both")).toEqual(["7.2", "9.2", "10.0", "10.2"]);
  expect(seenBy("pasid-mask-refused")).toEqual(["9.2", "10.0", "10.2", "11.1", "12.0"]);
  expect(seenBy("descriptor-type-bits")).toEqual(["7.2", "9.2"]);
});
