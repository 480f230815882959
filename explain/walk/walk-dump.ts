// Length: one walk, step by step, in the order in which the unit makes it.
import { hex } from "../../events/address.ts";
import {
  ContextEntry,
  contextReserved,
  levelsOfWidth,
} from "../../events/context/context-entry.ts";
import {
  directoryReserved,
  levelsOfMode,
  PasidEntry,
  pasidReserved,
  pasidTypes,
} from "../../events/context/pasid-entry.ts";
import { rootReserved } from "../../events/context/root-entry.ts";
import {
  ScalableContextEntry,
  scalableContextReserved,
} from "../../events/context/scalable-context-entry.ts";
import { scalableRootReserved } from "../../events/context/scalable-root-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { bitMask } from "../../events/layout/layout-field.ts";
import type { Dump } from "../dump.ts";
import type { Check, CheckName, Request } from "./check.ts";
import type { Stage } from "./page-walk.ts";
import { deniedReason, walkPages } from "./page-walk.ts";
import type { Rules } from "./rules.ts";
import { reservedBits } from "./rules.ts";

/** A walk through a dump. */
export interface DumpWalk {
  readonly checks: readonly Check[];
  /** The page that the address is mapped to, or `undefined`. */
  readonly page?: bigint | undefined;
  /** The request goes on untranslated. */
  readonly passesThrough?: boolean;
}

type Made = Check | readonly Check[] | undefined;

const check = (name: CheckName, holds: boolean | undefined, code: number, text: string): Check => ({
  name,
  holds,
  reason: code,
  text,
});

/** A device or a PASID that has no row in a list of all that have an entry. */
const unlisted = (name: CheckName, code: number, what: string): Check => ({
  ...check(name, false, code, `no row of the listing is for the device: ${what} is not present`),
  isConditional: true,
});

const missing = (name: CheckName, code: number, what: string): Check =>
  check(name, undefined, code, `${what} is not in the dump`);

/** Whether a word's present bit is set. */
const present = (name: CheckName, code: number, what: string, word: bigint): Check => {
  const is = (word & 1n) === 1n;
  return check(
    name,
    is,
    code,
    `${what} ${hex(word)} is ${is ? "" : "not "}present (P=${is ? 1 : 0})`,
  );
};

/** Whether an entry has reserved bits set; what may be reserved does not end a walk. */
function reservedIn(
  name: CheckName,
  code: number,
  what: string,
  bits: ReturnType<typeof reservedBits>,
): Check {
  if (bits.surely !== 0n) {
    return check(name, false, code, `${what} has reserved bits set: ${hex(bits.surely)}`);
  }
  if (bits.maybe === 0n) return check(name, true, code, `${what} has no reserved bit set`);
  const text = `${what} has bits set that may be reserved: ${hex(bits.maybe)}`;
  return check(name, undefined, code, text);
}

/** The half of a scalable-mode root entry that a request reads. */
function rootWord({ root, scalable, source }: Dump): bigint | undefined {
  const isUpper = scalable === true && source !== undefined && (source & 0x80) !== 0;
  return isUpper ? root?.[1] : root?.[0];
}

function rootChecks(dump: Dump, rules: Rules): readonly Check[] {
  const { scalable = false, end } = dump;
  const code = scalable ? reason.scalableRootNotPresent : reason.rootNotPresent;
  const word = rootWord(dump);
  if (word === undefined) {
    if (dump.isUnlisted) {
      const text =
        "no row of the listing is for the bus: its root entry, or the context entry, is not " +
        "present";
      return [check("rootPresent", undefined, code, text)];
    }
    if (end?.why !== "noContextTable") return [missing("rootPresent", code, "the root entry")];
    return [check("rootPresent", false, code, "there is no context table for the bus")];
  }
  const made = [present("rootPresent", code, "the root entry", word)];
  if (made[0]?.holds === false) return made;
  const [mask, own] = scalable
    ? [scalableRootReserved, reason.scalableRootReserved]
    : [rootReserved, reason.rootReserved];
  const bits = reservedBits(rules, word, (one) => mask(one) & bitMask(63, 0));
  return [...made, reservedIn("rootReserved", own, "the root entry", bits)];
}

/** The bits of an entry whose words are shown. */
const shownBits = (words: readonly (bigint | undefined)[]): bigint =>
  words.reduce<bigint>(
    (mask, word, at) => (word === undefined ? mask : mask | bitMask(64 * at + 63, 64 * at)),
    0n,
  );

const entryOf = (words: readonly (bigint | undefined)[]): bigint =>
  words.reduce<bigint>((entry, word, at) => entry | ((word ?? 0n) << BigInt(64 * at)), 0n);

/** A legacy context entry, and the tables that it leads to. */
function legacyWalk(dump: Dump, request: Request, rules: Rules): DumpWalk {
  const words = dump.context;
  const code = reason.contextNotPresent;
  if (words === undefined) {
    const none = dump.isUnlisted ? unlisted : missing;
    return { checks: [none("contextPresent", code, "the context entry")] };
  }
  const entry = entryOf(words);
  const isPresent = present("contextPresent", code, "the context entry", words[0] ?? 0n);
  if (isPresent.holds === false) return { checks: [isPresent] };
  const bits = reservedBits(rules, entry, contextReserved);
  const reserved = reservedIn("contextReserved", reason.contextReserved, "the context entry", bits);
  if (reserved.holds === false) return { checks: [isPresent, reserved] };
  const { tt, aw } = ContextEntry.decode(entry);
  const { names } = ContextEntry.fields.tt;
  const invalid = reason.contextInvalid;
  if (tt === 3) {
    const text = "the context entry's type (TT) is 3, which is reserved";
    return { checks: [isPresent, reserved, check("contextInvalid", false, invalid, text)] };
  }
  const before = [isPresent, reserved];
  if (tt === names.passThrough) {
    const made = check("contextInvalid", true, invalid, "the context entry says pass-through");
    return { checks: [...before, made], passesThrough: true };
  }
  const levels = levelsOfWidth(aw);
  const isDepth = rules.most.levels.has(levels as 3 | 4 | 5);
  const text = `the context entry asks for ${levels} levels of tables (AW=${aw})`;
  const valid = check("contextInvalid", isDepth, invalid, text);
  if (!isDepth) return { checks: [...before, valid] };
  const rest = pagesWalk(dump, request, rules, levels, {
    stage: "second",
    scalable: false,
    nxe: false,
  });
  return { ...rest, checks: [...before, valid, ...rest.checks] };
}

/** Whether an address fits the tables; a first stage of n levels needs canonical ones. */
function widthCheck({ iova }: Request, levels: number, { stage, scalable }: Stage): Check {
  const bits = 12 + 9 * levels;
  const isFirst = stage === "first";
  const second = scalable ? reason.secondStageBeyondWidth : reason.beyondWidth;
  const code = isFirst ? reason.nonCanonical : second;
  if (iova === undefined) return check("width", undefined, code, "the address is not known");
  const fits = isFirst
    ? BigInt.asUintN(64, BigInt.asIntN(bits, iova)) === iova
    : iova >> BigInt(bits) === 0n;
  const what = isFirst ? "canonical" : "within";
  const text = `the address ${hex(iova)} is ${fits ? "" : "not "}${what} ${bits} bits`;
  return check("width", fits, code, text);
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

function pagesWalk(
  dump: Dump,
  request: Request,
  rules: Rules,
  levels: number,
  stage: Stage,
): DumpWalk {
  const fits = widthCheck(request, levels, stage);
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

function contextChecks(dump: Dump, { pasid }: Request, rules: Rules): Made[] {
  const code = reason.scalableContextNotPresent;
  if (dump.context === undefined) {
    const none = dump.isUnlisted ? unlisted : missing;
    return [none("contextPresent", code, "the context entry")];
  }
  const isPresent = present("contextPresent", code, "the context entry", dump.context[0] ?? 0n);
  if (isPresent.holds === false) return [isPresent];
  const entry = entryOf(dump.context);
  const shown = shownBits(dump.context);
  const bits = reservedBits(rules, entry, (one) => scalableContextReserved(one) & shown);
  const own = reason.scalableContextReserved;
  const reserved = reservedIn("contextReserved", own, "the context entry", bits);
  if (pasid === undefined) return [isPresent, reserved];
  const { paside, pdts } = ScalableContextEntry.decode(entry);
  const enabled = `the context entry ${paside ? "allows" : "does not allow"} PASIDs`;
  const last = 2 ** (pdts + 13) - 1;
  const where = pasid > last ? "beyond" : "within";
  const within = `PASID ${hex(pasid)} is ${where} the directory's ${hex(last)}`;
  return [
    isPresent,
    reserved,
    check("pasidEnabled", paside, reason.pasidDisabled, enabled),
    check("pasidFits", pasid <= last, reason.pasidBeyondDirectory, within),
  ];
}

function directoryChecks({ directory, pasid, end, isUnlisted }: Dump, rules: Rules): Made[] {
  const code = reason.directoryNotPresent;
  const what = "the PASID directory entry";
  if (directory === undefined) {
    if (pasid?.some((word) => word !== undefined)) return [];
    if (isUnlisted) {
      const text =
        "no row of the listing is for the PASID: its directory entry, or its own, is not " +
        "present";
      return [check("directoryPresent", undefined, code, text)];
    }
    if (end?.why !== "noPasidTable") return [missing("directoryPresent", code, what)];
    return [check("directoryPresent", false, code, "there is no PASID table")];
  }
  const isPresent = present("directoryPresent", code, what, directory);
  const bits = reservedBits(rules, directory, directoryReserved);
  const reserved = reservedIn("directoryReserved", reason.directoryReserved, what, bits);
  return isPresent.holds ? [isPresent, reserved] : [isPresent];
}

/** A PASID entry, and the tables that it leads to. */
function pasidWalk(dump: Dump, request: Request, rules: Rules): DumpWalk {
  const { pasid: words } = dump;
  const code = reason.pasidNotPresent;
  const first = words?.[0];
  if (words === undefined || first === undefined) {
    return { checks: [missing("pasidPresent", code, "the PASID entry")] };
  }
  const isPresent = present("pasidPresent", code, "the PASID entry", first);
  if (isPresent.holds === false) return { checks: [isPresent] };
  const entry = entryOf(words);
  const shown = shownBits(words);
  const bits = reservedBits(rules, entry, (one) => pasidReserved(one) & shown);
  const reserved = reservedIn("pasidReserved", reason.pasidReserved, "the PASID entry", bits);
  if (reserved.holds === false) return { checks: [isPresent, reserved] };
  const { pgtt, aw, fspm, nxe } = PasidEntry.decode(entry);
  const before = [isPresent, reserved];
  const type = `the PASID entry's type (PGTT) is ${pgtt}`;
  const isType = Object.values<number>(pasidTypes).includes(pgtt);
  const valid = check("pasidInvalid", isType, reason.pasidInvalid, type);
  const checks = [...before, valid];
  if (!isType) return { checks };
  if (pgtt === pasidTypes.passThrough) return { checks, passesThrough: true };
  if (pgtt === pasidTypes.nested) {
    const text = "under nesting a dump of one stage does not show what the unit walks";
    return { checks: [...checks, check("permission", undefined, reason.secondStageDenied, text)] };
  }
  const isFirst = pgtt === pasidTypes.firstStage;
  const stage: Stage = { stage: isFirst ? "first" : "second", scalable: true, nxe };
  const levels = isFirst ? levelsOfMode(fspm) : levelsOfWidth(aw);
  const rest = pagesWalk(dump, request, rules, levels, stage);
  return { ...rest, checks: [...checks, ...rest.checks] };
}

const flat = (made: readonly Made[]): readonly Check[] =>
  made.flatMap((one) => (one === undefined ? [] : one)) as readonly Check[];

const isOver = (checks: readonly Check[], name: CheckName): boolean =>
  checks.some(({ holds }) => holds === false) ||
  checks.some((one) => one.name === name && one.holds === undefined);

/**
 * Walks a dump for a request, in the order in which the unit looks at things, up to the first check
 * that fails or the first entry that is not in the dump. What is not in the dump is not known.
 */
export function walkDump(dump: Dump, request: Request, rules: Rules): DumpWalk {
  if (dump.end?.why === "noRootTable") {
    const text = "there is no root table";
    return { checks: [check("rootPresent", false, reason.rootNotPresent, text)] };
  }
  const root = rootChecks(dump, rules);
  if (isOver(root, "rootPresent")) return { checks: root };
  if (dump.scalable !== true) {
    const rest = legacyWalk(dump, request, rules);
    return { ...rest, checks: [...root, ...rest.checks] };
  }
  const context = flat(contextChecks(dump, request, rules));
  if (isOver(context, "contextPresent")) return { checks: [...root, ...context] };
  const directory = flat(directoryChecks(dump, rules));
  const before = [...root, ...context, ...directory];
  if (isOver(directory, "directoryPresent")) return { checks: before };
  const rest = pasidWalk(dump, request, rules);
  return { ...rest, checks: [...before, ...rest.checks] };
}
