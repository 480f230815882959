import type { Fact, FactOf, FactType } from "../../events/fact.ts";
import type { InputOf, InputType } from "../../events/input.ts";
import type { Profile } from "../../events/profile/profile.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { requesterOf } from "../../target/machine.ts";
import type { Told } from "../make.ts";

/** A vector's program as the model ran it. */
export interface Shown {
  readonly profile: Profile;
  readonly trail: readonly Told[];
}

/** One side of a rule that can be seen from outside, and when a program shows it. */
export interface Facet {
  /** The rule's id in SPEC.md. */
  readonly rule: string;
  /** Which side of it, where it has several. */
  readonly side: string;
  readonly shows: (shown: Shown) => boolean;
}

/** A facet of a rule. */
export const facet = (rule: string, side: string, shows: Facet["shows"]): Facet => ({
  ...{ rule, side, shows },
});

type Step = (told: Told, shown: Shown) => boolean;

/** Shown by some step. */
export const some =
  (step: Step): Facet["shows"] =>
  (shown) =>
    shown.trail.some((told) => step(told, shown));

/** Shown by some fact. */
export const fact = <T extends FactType>(
  type: T,
  test: (fact: FactOf<T>, told: Told, shown: Shown) => boolean = () => true,
): Facet["shows"] =>
  some((told, shown) =>
    told.facts.some((each) => each.type === type && test(each as FactOf<T>, told, shown)),
  );

/** Shown by some input, with what followed. */
export const input = <T extends InputType>(
  type: T,
  test: (input: InputOf<T>, told: Told, shown: Shown) => boolean,
): Facet["shows"] =>
  some((told, shown) => told.input.type === type && test(told.input as InputOf<T>, told, shown));

/**
 * Shown by a step after another one, if none between them spoils it.
 *
 * @param then  is given the earlier step, too.
 */
export const sequence =
  (
    first: Step,
    then: (told: Told, earlier: Told, shown: Shown) => boolean,
    spoils: (told: Told) => boolean = () => false,
  ): Facet["shows"] =>
  (shown) => {
    const { trail } = shown;
    return trail.some((earlier, index) => {
      if (!first(earlier, shown)) return false;
      for (const told of trail.slice(index + 1)) {
        if (then(told, earlier, shown)) return true;
        if (spoils(told)) return false;
      }
      return false;
    });
  };

/** Whether a step has a fact of a type. */
export const has = ({ facts }: Told, type: FactType): boolean =>
  facts.some((each) => each.type === type);

/** The first fact of a type of a step. */
export const factOf = <T extends FactType>({ facts }: Told, type: T): FactOf<T> | undefined =>
  facts.find((each: Fact) => each.type === type) as FactOf<T> | undefined;

/** A step that is a DMA. */
export const dmaOf = ({ input: asked }: Told): InputOf<"Dma"> | undefined =>
  asked.type === "Dma" ? asked : undefined;

/** What the unit knows of a DMA's requester once it is done. */
export function entryOf(told: Told): HostEntry | undefined {
  const dma = dmaOf(told);
  return dma && hostAt(told.after.hosts, requesterOf(dma.device), dma.pasid);
}

/** The tables that translated a DMA, where there were some. */
export function tablesOf(told: Told) {
  const entry = entryOf(told);
  if (entry === undefined || !has(told, "DmaTranslated") || !isOn(told)) return undefined;
  const space = entry.space === undefined ? undefined : told.after.spaces[entry.space];
  return { entry, space };
}

/** Whether translation is on. */
export const isOn = ({ before }: Told): boolean => before.charts.translation === "enabled";

/** Whether two DMA are of one requester, PASID and page. */
export function isSamePage(one: Told, other: Told): boolean {
  const [a, b] = [dmaOf(one), dmaOf(other)];
  const isPage = a !== undefined && b !== undefined && a.iova >> 12n === b.iova >> 12n;
  return isPage && a.device === b.device && a.pasid === b.pasid;
}

/** Whether an invalidation of any kind was executed. */
export const invalidates = ({ facts }: Told): boolean =>
  facts.some(({ type }) => type.endsWith("Invalidated") && type !== "DeviceTlbInvalidated");

/** Shown by a write to a register. */
export const written = (
  offset: number | ((profile: Profile) => number),
  test: (input: InputOf<"RegisterWrite">, told: Told, shown: Shown) => boolean,
): Facet["shows"] =>
  input("RegisterWrite", (asked, told, shown) => {
    const place = typeof offset === "number" ? offset : offset(shown.profile);
    return asked.offset === place && test(asked, told, shown);
  });
