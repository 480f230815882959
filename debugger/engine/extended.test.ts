import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { atOnce } from "../../history/timeline/bit-by-bit.ts";
import { opened } from "../test/opened.ts";
import type { Opened } from "./opening.ts";
import { queueView } from "./queue-view.ts";
import { walkView } from "./walk-view.ts";

const log = new URL("../../docs/nesting/extended-svm.ndjson", import.meta.url);

let life: Opened;
beforeAll(async () => {
  life = await opened(readFileSync(log, "utf8"));
});

it("[EC93] the page takes entries of version 2.x apart by their own layouts", () => {
  const asked = { guest: 0, device: "00:04.0", iova: "0x123456000", pasid: "0x41" } as const;
  const { entries, guest } = atOnce(walkView(life.timeline, 112, { ...asked, access: "read" }));
  expect(guest.good).toBe(true);
  expect(entries.map(({ name }) => name)).toEqual([
    ...["extended root", "extended context", "extended PASID entry"],
    ...["first stage 4", "first stage 3", "first stage 2", "first stage 1"],
  ]);
  const field = (entry: number, name: string) =>
    entries[entry]?.fields.find((one) => one.name === name)?.value;
  expect([field(0, "lctp"), field(1, "paside"), field(1, "pts")]).toEqual(["0x2000", "1", "5"]);
  expect([field(1, "t"), field(2, "flptptr")]).toEqual(["all", "0x20000"]);
});

it("[EC93] and descriptors by theirs", () => {
  const names = queueView(life.timeline, 205, 0)?.near.map(({ name }) => name);
  expect(names).toContain("Extended IOTLB invalidate");
  expect(names).toContain("PASID-cache invalidate of 2.x");
  expect(names).toContain("Page group response of 2.x");
});
