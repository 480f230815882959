import { describe, expect, test } from "vitest";
import { isSeenIn, knownDeviations } from "../qemu/deviation/known.ts";
import { sources } from "../qemu/deviation/sources.ts";
import { deviationPage } from "./deviations.ts";

const named = (id: string) => {
  const found = knownDeviations.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
};

describe("what deviations rest on", () => {
  test("[QF30] each deviation has a source, and the page has it", () => {
    const page = deviationPage();
    for (const [id, { says, isOpen }] of Object.entries(sources)) {
      expect(named(id).source?.says).toBe(says);
      const row = page.split("\n").find((line) => line.startsWith(`| \`${id}\` |`));
      expect(row).toContain(`| ${isOpen ? "open: " : ""}${says} |`);
    }
    // An accusation stands only with a source.
    expect(Object.keys(sources).sort()).toEqual(knownDeviations.map(({ id }) => id).sort());
  });

  test("[QF30] what sources allow is no accusation", () => {
    const open = knownDeviations.filter(({ source }) => source?.isOpen === true);
    expect(open.map(({ id }) => id).sort()).toEqual([
      "execute-disable-ignored",
      "first-stage-order",
      "iotlb-source-tag",
      "root-other-half",
      "table-in-device-memory",
      "tail-unaligned-early",
    ]);
  });

  test("[QF2] versions are those in which scripts were seen to show a deviation", () => {
    const [old, middle, late] = [
      { major: 7, minor: 2 },
      { major: 10, minor: 0 },
      { major: 11, minor: 1 },
    ];
    const seen = (id: string) => [old, middle, late].map((at) => isSeenIn(named(id), at));
    expect(seen("pasid-mask-refused")).toEqual([false, true, true]);
  });
});
