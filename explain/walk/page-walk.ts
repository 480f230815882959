import { hex, isInterruptPage, pageOf } from "../../events/address.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { FirstStageEntry, firstStageReserved } from "../../events/first-stage/first-stage-entry.ts";
import { SecondStageEntry, secondStageReserved } from "../../events/shadow/second-stage-entry.ts";
import type { DumpedPage } from "../dump.ts";
import type { Check, Request } from "./check.ts";
import type { ReservedBits, Rules } from "./rules.ts";
import { reservedBits } from "./rules.ts";

/** Which tables are walked: whose entries they have, and which faults they make. */
export interface Stage {
  readonly stage: "first" | "second";
  readonly scalable: boolean;
  /** Bit 63 of first-stage entries forbids execution. */
  readonly nxe: boolean;
  /** Supervisor requests do not write either where first-stage entries forbid it. */
  readonly wpe: boolean;
}

const nameOf = ({ level }: DumpedPage): string => `the level ${level} entry`;

/**
 * The fault of a second-stage entry that does not allow an access, and the other one neither unless
 * `allowsOther`.
 */
export function deniedReason(
  { scalable }: Stage,
  { access }: Request,
  allowsOther = false,
): number {
  if (!scalable) return access === "write" ? reason.writeDenied : reason.readDenied;
  if (!allowsOther) return reason.secondStageDenied;
  return access === "write" ? reason.scalableWriteDenied : reason.scalableReadDenied;
}

function reservedCheck(page: DumpedPage, of: Stage, { surely, maybe }: ReservedBits): Check {
  const code =
    of.stage === "first"
      ? reason.firstStageReserved
      : of.scalable
        ? reason.secondStageReserved
        : reason.tableReserved;
  const base = { name: "pageReserved", reason: code } as const;
  const [what, word] = [nameOf(page), hex(page.entry)];
  if (surely !== 0n) {
    return { ...base, holds: false, text: `${what} ${word} has reserved bits set: ${hex(surely)}` };
  }
  if (maybe === 0n) return { ...base, holds: true, text: `${what} has no reserved bit set` };
  const snp = of.stage === "second" && (maybe & SecondStageEntry.mask("snp")) !== 0n;
  const why = snp ? "bit 11 (SNP) is reserved where ECAP.SC is 0" : "that depends on CAP and ECAP";
  const text = `${what} ${word} has bits set that may be reserved: ${hex(maybe)}; ${why}`;
  return { ...base, holds: undefined, text };
}

/** The checks of a second-stage entry. */
function secondStageChecks(page: DumpedPage, of: Stage, request: Request, rules: Rules): Check[] {
  const { level, entry } = page;
  const { r, w, ps } = SecondStageEntry.decode(entry);
  const base = { name: "permission", reason: deniedReason(of, request, r || w) } as const;
  const bits = `R=${r ? "1" : "0"} W=${w ? "1" : "0"}`;
  if (!r && !w) {
    const text = `${nameOf(page)} ${hex(entry)} maps nothing (${bits})`;
    return [{ ...base, holds: false, text }];
  }
  const isDenied = request.access === "write" ? !w : request.access === "read" && !r;
  if (isDenied) {
    const text = `${nameOf(page)} ${hex(entry)} does not allow the ${request.access} (${bits})`;
    return [{ ...base, holds: false, text }];
  }
  const masked = reservedBits(rules, entry, (one) => secondStageReserved(one, level, ps));
  const allows = `${nameOf(page)} ${hex(entry)} allows it (${bits})`;
  return [{ ...base, holds: true, text: allows }, reservedCheck(page, of, masked)];
}

/** Whether a first-stage entry is for users; nobody prints which rights most requests have. */
function rightsCheck(page: DumpedPage, us: boolean, request: Request): readonly Check[] {
  const isUser = request.isUser ?? (request.blockedBy === reason.supervisorPage || undefined);
  if (us || isUser === false) return [];
  const text = `${nameOf(page)} ${hex(page.entry)} is the supervisor's alone (U/S=0)`;
  const holds = isUser ? false : undefined;
  return [{ name: "supervisor", reason: reason.supervisorPage, holds, text }];
}

/** The checks of a first-stage entry. */
function firstStageChecks(page: DumpedPage, of: Stage, request: Request, rules: Rules): Check[] {
  const { level, entry } = page;
  const { present, rw, us, ps } = FirstStageEntry.decode(entry);
  const what = `${nameOf(page)} ${hex(entry)}`;
  const mapped = { name: "mapped", reason: reason.firstStageNotPresent } as const;
  if (!present) return [{ ...mapped, holds: false, text: `${what} is not present (P=0)` }];
  const masked = reservedBits(rules, entry, (one) =>
    firstStageReserved(one, level, ps, false, of.nxe),
  );
  const reserved = reservedCheck(page, of, masked);
  if (reserved.holds === false) return [reserved];
  const rights = rightsCheck(page, us, request);
  const text = `${what} is present (P=1)`;
  const made = [reserved, { ...mapped, holds: true, text }, ...rights];
  if (rights[0]?.holds === false) return made;
  return [...made, writeCheck(what, rw, of, request)];
}

/** Whether a first-stage entry allows the access: supervisors may write anyhow where WPE is 0. */
function writeCheck(what: string, rw: boolean, { wpe }: Stage, request: Request): Check {
  const { access, isUser, blockedBy } = request;
  const base = { name: "permission", reason: reason.scalableWriteDenied } as const;
  const bit = `R/W=${rw ? "1" : "0"}`;
  if (access === undefined) return { ...base, holds: undefined, text: `${what} has ${bit}` };
  if (access === "read" || rw) {
    return { ...base, holds: true, text: `${what} allows the ${access} (${bit})` };
  }
  if (isUser === false && !wpe) {
    return { ...base, holds: true, text: `${what} allows a supervisor's write (${bit}, WPE=0)` };
  }
  const isSure = isUser === true || wpe || blockedBy === reason.scalableWriteDenied;
  const holds = isSure ? false : undefined;
  return { ...base, holds, text: `${what} does not allow the write (${bit})` };
}

/** Whether an entry maps a page, and which. */
function leafOf({ level, entry }: DumpedPage, { stage }: Stage): bigint | undefined {
  const { ps, address } =
    stage === "first" ? FirstStageEntry.decode(entry) : SecondStageEntry.decode(entry);
  if (level > 1 && !(ps && level <= 3)) return undefined;
  return address - (address % (1n << BigInt(12 + 9 * (level - 1))));
}

/** Whether the page that a walk comes to may be used. */
function outputCheck({ level }: DumpedPage, leaf: bigint, of: Stage, { iova }: Request): Check {
  const code = of.scalable ? reason.scalableInterruptRange : reason.interruptRange;
  const size = 1n << BigInt(12 + 9 * (level - 1));
  const page = leaf + (iova === undefined ? 0n : (iova % size) & ~0xfffn);
  const isInterrupt = isInterruptPage(pageOf(page));
  const text = isInterrupt
    ? `the page ${hex(page)} lies in the interrupt range`
    : `the page is ${hex(page)}`;
  return { name: "output", holds: !isInterrupt, reason: code, text };
}

/** The checks of one entry alone. */
export const entryChecks = (
  page: DumpedPage,
  of: Stage,
  request: Request,
  rules: Rules,
): readonly Check[] =>
  of.stage === "first"
    ? firstStageChecks(page, of, request, rules)
    : secondStageChecks(page, of, request, rules);

/** Where a walk through the entries of a dump comes to an end. */
export interface PageWalk {
  readonly checks: readonly Check[];
  /** The page that the address is mapped to. */
  readonly page?: bigint;
}

/**
 * Walks the entries of a dump from the top.
 *
 * @param pages  in the order of the levels, the top one first.
 * @returns the checks that were made, the last one of which may have failed; without a page where
 *   one did, or where the entries end before a page.
 */
export function walkPages(
  pages: readonly DumpedPage[],
  of: Stage,
  request: Request,
  rules: Rules,
): PageWalk {
  const checks: Check[] = [];
  for (const page of pages) {
    const made = entryChecks(page, of, request, rules);
    checks.push(...made);
    if (made.some(({ holds }) => holds === false)) return { checks };
    const leaf = leafOf(page, of);
    if (leaf === undefined) continue;
    return { checks: [...checks, outputCheck(page, leaf, of, request)], page: leaf };
  }
  return { checks };
}
