import type { Iova } from "../../events/address.ts";
import { gpaOfPage, hpaOfPage, iovaOfPage } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { frameOf, hasFrame, outcomesOf, sizeName, sizeOf } from "../../tables/mapping.ts";
import { frameUnit } from "../../tables/page-tree.ts";

/** Pages whose entries changed: `count` from `page` on, alike and contiguous in every address. */
interface Run {
  readonly page: number;
  readonly count: number;
  readonly stage: number;
  readonly host: number;
}

/** Blocks of `span` pages side by side, each of which repeats one that was told before. */
interface Repeats {
  readonly page: number;
  readonly span: number;
  readonly from: Iova[];
}

/** Says changes in the order of pages, those that go on from each other in one fact. */
export interface Teller {
  readonly shadow: number;
  readonly tell: (fact: Fact, page: number, count: number) => void;
  run: Run | undefined;
  repeats: Repeats | undefined;
}

/** The fact that says a run. */
function factOfRun(shadow: number, run: Run): Fact {
  const { page, count, stage, host } = run;
  const iova = iovaOfPage(page);
  const { read, write } = outcomesOf(host);
  if (!hasFrame(stage)) return { type: "ShadowUnmapped", shadow, iova, count, read, write };
  const gpa = gpaOfPage(frameOf(stage));
  const guestSize = sizeName(sizeOf(stage));
  if (!hasFrame(host)) {
    return { type: "ShadowBlocked", shadow, iova, count, gpa, guestSize, read, write };
  }
  const hpa = hpaOfPage(frameOf(host));
  const size = sizeName(sizeOf(host));
  return { type: "ShadowMapped", shadow, iova, count, gpa, hpa, size, guestSize, read, write };
}

/** The fact that says blocks which repeat others: one source alone, or one each. */
function factOfRepeats(shadow: number, { page, span, from }: Repeats): Fact {
  const where = { shadow, iova: iovaOfPage(page), length: BigInt(span) << 12n };
  const source = from[0] as Iova;
  if (from.some((other) => other !== source)) return { type: "ShadowLinked", ...where, from };
  return { type: "ShadowShared", ...where, from: source, copies: from.length };
}

/** Says what is still to be said. */
export function finish(teller: Teller): void {
  const { run, repeats, shadow, tell } = teller;
  teller.run = undefined;
  teller.repeats = undefined;
  if (run !== undefined) tell(factOfRun(shadow, run), run.page, run.count);
  if (repeats === undefined) return;
  tell(factOfRepeats(shadow, repeats), repeats.page, repeats.span * repeats.from.length);
}

const continues = (value: number, count: number, next: number): boolean =>
  next === (value >= frameUnit ? value + count * frameUnit : value);

/** Says that a run of pages changed. */
export function addRun(
  teller: Teller,
  page: number,
  count: number,
  stage: number,
  host: number,
): void {
  const { run } = teller;
  const joins =
    run !== undefined &&
    run.page + run.count === page &&
    continues(run.stage, run.count, stage) &&
    continues(run.host, run.count, host);
  if (joins) {
    teller.run = { ...run, count: run.count + count };
    return;
  }
  finish(teller);
  teller.run = { page, count, stage, host };
}

/** Blocks that one fact says: as many as one table has. */
const mostRepeats = 512;

/** Says that a block of `span` pages repeats the one that was told at `from`. */
export function addRepeat(teller: Teller, page: number, span: number, from: Iova): void {
  const { repeats } = teller;
  const joins =
    teller.run === undefined &&
    repeats !== undefined &&
    repeats.span === span &&
    repeats.from.length < mostRepeats &&
    repeats.page + repeats.span * repeats.from.length === page;
  if (joins) {
    repeats.from.push(from);
    return;
  }
  finish(teller);
  teller.repeats = { page, span, from: [from] };
}

/** A page of a shadow as the guest's tables have it now. */
export interface WalkedPage {
  readonly page: number;
  readonly stage: number;
  readonly host: number;
}

/** Tells pages that changed, those that go on from each other in one fact. */
export function tellPages(id: number, pages: readonly WalkedPage[], tell: Teller["tell"]): void {
  const teller: Teller = { shadow: id, tell, run: undefined, repeats: undefined };
  for (const { page, stage, host } of pages) addRun(teller, page, 1, stage, host);
  finish(teller);
}
