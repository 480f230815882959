import type { FactOf } from "../../events/fact.ts";
import type { Access } from "../../events/input.ts";
import type { Size } from "../../events/page.ts";

/** Pages of 4 KiB, `[first, end)`. */
export interface Pages {
  readonly first: number;
  readonly end: number;
}

/** Pages that a device was told of together, or what is left of them. */
interface Held extends Pages {
  /** The whole of what it was told. */
  readonly told: Pages;
  /** From a page's number to that of its frame. */
  readonly shift: number;
  readonly read: boolean;
  readonly write: boolean;
  /** Whether it is certain that the device still has it: it may forget more than it must. */
  readonly sure: boolean;
}

/** What a device was told for one class of its requests. */
export interface Told {
  readonly device: number;
  /** `undefined`: for requests without PASID. */
  readonly pasid: number | undefined;
  readonly privileged: boolean;
  readonly execute: boolean;
  held: readonly Held[];
}

const pagesIn: Readonly<Record<Size, number>> = {
  "4K": 1,
  "2M": 512,
  "1G": 512 ** 2,
  "512G": 512 ** 3,
  "256T": 512 ** 4,
};

export const pageNumber = (address: bigint): number => Number(address >> 12n);

/** The pages that a fact names by their first address and their length. */
export const pagesNamed = (fact: { readonly iova: bigint; readonly length: bigint }): Pages => {
  const first = pageNumber(fact.iova);
  return { first, end: first + pageNumber(fact.length) };
};

const meet = (some: Pages, others: Pages): boolean =>
  some.first < others.end && others.first < some.end;

/** What is left of some pages once others are taken out. */
const without = (held: Held, taken: Pages): readonly Held[] =>
  [
    { ...held, end: Math.min(held.end, taken.first) },
    { ...held, first: Math.max(held.first, taken.end) },
  ].filter(({ first, end }) => first < end);

/** The device was told of pages: of each page the last that it was told counts. */
export function tell(all: Told[], fact: FactOf<"TranslationAnswered">, frame: number): void {
  const { device, pasid, read, write, size = "4K" } = fact;
  const privileged = fact.privileged === true;
  const execute = fact.execute === true;
  const one: Told = all.find(
    (told) =>
      told.device === device &&
      told.pasid === pasid &&
      told.privileged === privileged &&
      told.execute === execute,
  ) ?? { device, pasid, privileged, execute, held: [] };
  if (!all.includes(one)) all.push(one);
  const page = pageNumber(fact.iova);
  const first = page - (page % pagesIn[size]);
  const told = { first, end: first + pagesIn[size] };
  const fresh = { ...told, told, shift: frame - page, read, write, sure: true };
  one.held = [fresh, ...one.held.flatMap((held) => without(held, told))];
}

/**
 * The device forgets some pages. What it was told together with them, or with what it was told
 * together with them, it may forget as well.
 *
 * @returns whether it had any of them.
 */
export function forget(told: Told, pages: Pages): boolean {
  const touched = told.held.filter((held) => meet(held.told, pages));
  const first = Math.min(pages.first, ...touched.map((held) => held.told.first));
  const end = Math.max(pages.end, ...touched.map((held) => held.told.end));
  const had = told.held.some((held) => meet(held, pages));
  told.held = told.held.flatMap((held) => {
    const sure = held.sure && !meet(held.told, { first, end });
    return without({ ...held, sure }, pages);
  });
  return had;
}

/** A request that a device sends by what it was told. */
export interface HeldRequest {
  readonly device: number;
  readonly pasid?: number | undefined;
  readonly privileged?: boolean | undefined;
  readonly execute?: boolean | undefined;
  readonly iova: bigint;
}

/** Where a request may go, and whether the device certainly has it: what is executed is read. */
export function whereTo(
  all: readonly Told[],
  use: HeldRequest,
  access: Access,
): readonly { readonly frame: number; readonly sure: boolean }[] {
  const page = pageNumber(use.iova);
  const classes = all.filter(
    (told) =>
      told.device === use.device &&
      told.pasid === use.pasid &&
      told.privileged === (use.privileged === true) &&
      (told.execute || use.execute !== true),
  );
  return classes
    .flatMap(({ held }) => held)
    .filter(({ first, end, read, write }) => {
      return first <= page && page < end && (access === "write" ? write : read);
    })
    .map(({ shift, sure }) => ({ frame: page + shift, sure }));
}
