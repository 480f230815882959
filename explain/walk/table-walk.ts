import { reason } from "../../events/fault/fault-reason.ts";
import type { Dump } from "../dump.ts";
import type { Check, Request } from "./check.ts";
import { check, missing } from "./make-check.ts";
import type { Stage } from "./page-walk.ts";
import { deniedReason, walkPages } from "./page-walk.ts";
import type { Rules } from "./rules.ts";
import { widthCheck } from "./width-check.ts";

/** A walk through a dump. */
export interface DumpWalk {
  readonly checks: readonly Check[];
  /** The page that the address is mapped to, or `undefined`. */
  readonly page?: bigint | undefined;
  /** The request goes on untranslated. */
  readonly passesThrough?: boolean;
}

/** What a page table of a dump says that has no entry for the next level. */
function missingPage(dump: Dump, stage: Stage, level: number, request: Request): Check {
  const { end, isListing, pages } = dump;
  const isFirst = stage.stage === "first";
  const name = isFirst ? "mapped" : "permission";
  const code = isFirst ? reason.firstStageNotPresent : deniedReason(stage, request);
  if (end?.why === "entryNotShown" && end.level !== undefined && pages.length === 0) {
    const at = `the level ${end.level} entry`;
    // No page is that large: the entry cannot be one of a superpage.
    if (end.level >= 4 || end.level === 1) {
      return check(name, false, code, `${at} is not present, the dump says`);
    }
    const text = `${at} is not shown: not present, or a superpage (kernels before 6.13)`;
    return check(name, undefined, code, text);
  }
  if (isListing) {
    const text =
      "no row of the listing is for this page: it is not mapped, if the listing is whole";
    return { ...check(name, false, code, text), isConditional: true };
  }
  return missing(name, code, level > 0 ? `the level ${level} entry` : "the page table");
}

export function pagesWalk(
  dump: Dump,
  request: Request,
  rules: Rules,
  levels: number,
  stage: Stage,
): DumpWalk {
  const fits = widthCheck(request, rules, levels, stage);
  if (fits.holds === false) return { checks: [fits] };
  const [top, ...others] = dump.pages;
  if (top === undefined) return { checks: [fits, missingPage(dump, stage, levels, request)] };
  if (top.level !== levels) {
    const text = `the dump begins with level ${top.level}, and the tables have ${levels}`;
    const code = reason.readDenied;
    return { checks: [fits, check("permission", undefined, code, text)] };
  }
  const { checks, page } = walkPages([top, ...others], stage, request, rules);
  const made = [fits, ...checks];
  if (page !== undefined || checks.some(({ holds }) => holds === false))
    return { checks: made, page };
  const next = (dump.pages.at(-1)?.level ?? 1) - 1;
  return { checks: [...made, missingPage({ ...dump, pages: [] }, stage, next, request)] };
}
