import type { InputOf } from "../../events/input.ts";
import type { Setup } from "../../events/setup.ts";
import type { Guest } from "../../projections/guest.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import type { Slot } from "../../tables/page-tree.ts";
import { memory, rootTable } from "./driver.ts";
import type { Inputs } from "./given.ts";
import { unit } from "./unit.ts";

/** Numbers below a limit that look drawn at random, the same in every run. */
export function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Five levels, and page-selective invalidations of up to 2^36 pages. */
export const wideUnit = (devices?: Setup["guests"][number]["devices"]): Setup =>
  unit({ cap: { sagaw: 0b01110, mgaw: 56, mamv: 36 }, ...(devices && { devices }) });

/** The first of the table pages, which all translate from the first one on, at five levels. */
export const firstTable = 0x100;
export const tableAddress = (table: number): bigint => BigInt(firstTable + table) << 12n;

/** What of the entries may differ: rights, whether some are superpages. */
export type Mix = "alike" | "rights" | "superpages";

/** An entry that links one of `count` tables. */
export function link(count: number, mix: Mix, draw: (limit: number) => number): bigint {
  const rights = mix === "alike" ? 3n : ([3n, 3n, 1n, 2n, 0n][draw(5)] ?? 3n);
  if (mix === "superpages" && draw(4) === 0) return 0x4000_0080n | rights;
  return tableAddress(draw(count)) | rights;
}

/** Tables whose every entry links one of them: each lies in very many places, at each level. */
export function web(count: number, mix: Mix, seed = 7): Inputs {
  const draw = numbers(seed);
  const entries = (): bigint[] => Array.from({ length: 512 }, () => link(count, mix, draw));
  const tables = Array.from(
    { length: count },
    (_, table): InputOf<"MemoryWrite"> => memory(tableAddress(table), ...entries()),
  );
  return [memory(rootTable, 0x2001n, 0n), memory(0x2200n, tableAddress(0) | 1n, 0x503n), tables];
}

/** How many nodes some trees have, each once in however many places it lies. */
export function nodesOf(...slots: readonly Slot[]): number {
  const seen = new Set<Slot>();
  const visit = (slot: Slot): void => {
    if (typeof slot === "number" || seen.has(slot)) return;
    seen.add(slot);
    for (const child of slot) visit(child);
  };
  for (const slot of slots) visit(slot);
  return seen.size;
}

/** The trees of a guest's only shadow. */
export function treesOf(guest: Guest): readonly [Slot, Slot] {
  const [shadow, other] = shadowsOf(guest);
  if (shadow === undefined || other !== undefined) throw new Error("there is not one shadow");
  return [shadow.stage.root, shadow.host.root];
}
