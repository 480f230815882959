import type { Range } from "../../events/address.ts";
import { gpa, pageOf, pagesFrom } from "../../events/address.ts";
import type { InputOf } from "../../events/input.ts";
import { pagesIn } from "../../events/input.ts";
import type { Guest } from "../../projections/guest.ts";
import type { P2mFact } from "../../projections/memory/evolve-p2m.ts";
import { p2mAfter } from "../../projections/memory/evolve-p2m.ts";
import type { P2m } from "../../tables/mapping.ts";
import { hasFrame, ok, readCode, writeCode } from "../../tables/mapping.ts";
import { blockAround, takenFrom, unmapPages } from "../../tables/p2m.ts";
import { get } from "../../tables/page-tree.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";
import { flushDeviceTlbs } from "../device/device-tlb.ts";
import { followP2m } from "../shadow/follow-p2m.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record, refuse } from "../turn.ts";

/** Whether a change grants something new, and whether it takes something away. */
interface Effect {
  readonly grants: boolean;
  readonly takes: boolean;
}

function effectOf(p2m: P2m, fact: P2mFact): Effect {
  const { first, end } = pagesFrom(fact.gpa, fact.length);
  if (fact.type === "P2mUnmapped") return { grants: false, takes: true };
  let [grants, takes] = [fact.type === "P2mMapped", false];
  forEachSlot(p2m, first, end, (_page, _count, value) => {
    const [read, write] = [readCode(value) === ok, writeCode(value) === ok];
    if ((fact.read && !read) || (fact.write && !write)) grants = true;
    if (fact.type === "P2mMapped" || (read && !fact.read) || (write && !fact.write)) takes = true;
  });
  return { grants, takes };
}

/** The guest pages whose mappings a change concerns: with what is left of a block that it cuts. */
function concerned(p2m: P2m, fact: P2mFact): Range {
  const { first, end } = pagesFrom(fact.gpa, fact.length);
  const low = hasFrame(get(p2m, first)) ? blockAround(p2m, first)[0] : first;
  const high = hasFrame(get(p2m, end - 1)) ? blockAround(p2m, end - 1)[1] : end;
  return { first: Math.min(low, first), end: Math.max(high, end) };
}

/**
 * Changes the P2M. What it takes away is gone from shadows and IOTLB, and every request that used
 * it has landed, before the change is in force; what it grants comes after. Between, what is both
 * changed and kept is blocked.
 */
function changeP2m(turn: Turn, fact: P2mFact): void {
  const { p2m } = guestIn(turn);
  const gfns = concerned(p2m, fact);
  const { grants, takes } = effectOf(p2m, fact);
  const after = p2mAfter(p2m, fact);
  if (takes) {
    const taken = pagesFrom(fact.gpa, fact.length);
    const between = grants ? unmapPages(p2m, taken.first, taken.end) : after;
    followP2m(turn, between, gfns, true);
    flushDeviceTlbs(turn, taken);
  }
  record(turn, fact);
  if (grants || !takes) followP2m(turn, after, gfns, false);
}

/** Why a range of guest pages cannot be, or `undefined`. */
function rangeError(guest: Guest, address: bigint, length: bigint): string | undefined {
  if (length === 0n) return "the range is empty";
  if ((address | length) & 0xfffn) return "the range is not made of 4 KiB pages";
  if (address + length > 1n << BigInt(guest.profile.haw)) {
    return "the range goes beyond the host address width";
  }
  return undefined;
}

function mapError(turn: Turn, input: InputOf<"P2mMap">): string | undefined {
  const guest = guestIn(turn);
  const pages = pagesIn[input.pageSize];
  const block = BigInt(pages) * 4096n;
  if ((input.gpa | input.hpa | input.length) % block !== 0n) {
    return `the range is not made of aligned ${input.pageSize} pages`;
  }
  if (input.hpa + input.length > 1n << 52n) return "the host's range goes beyond 52 bits";
  const count = pageOf(input.length);
  const { owners } = turn;
  return takenFrom(owners, guest.index, pageOf(input.gpa), pageOf(input.hpa), count)
    ? "a host frame belongs to another guest page already"
    : undefined;
}

/**
 * Maps guest pages to host frames that belong to no other page; what was mapped there is replaced.
 */
export function mapP2m(turn: Turn, input: InputOf<"P2mMap">): void {
  const error = rangeError(guestIn(turn), input.gpa, input.length) ?? mapError(turn, input);
  if (error !== undefined) {
    refuse(turn, `P2M map: ${error}`);
    return;
  }
  const { hpa, length, pageSize, read, write } = input;
  const mapping = { gpa: input.gpa, hpa, length, pageSize, read, write };
  changeP2m(turn, { type: "P2mMapped", ...mapping });
}

/** Takes pages from the guest; their contents are gone. */
export function unmapP2m(turn: Turn, input: InputOf<"P2mUnmap">): void {
  const error = rangeError(guestIn(turn), input.gpa, input.length);
  if (error !== undefined) refuse(turn, `P2M unmap: ${error}`);
  else changeP2m(turn, { type: "P2mUnmapped", gpa: gpa(input.gpa), length: input.length });
}

/** Changes what mapped pages of a range grant. */
export function protectP2m(turn: Turn, input: InputOf<"P2mProtect">): void {
  const error = rangeError(guestIn(turn), input.gpa, input.length);
  if (error !== undefined) {
    refuse(turn, `P2M protect: ${error}`);
    return;
  }
  const { length, read, write } = input;
  changeP2m(turn, { type: "P2mProtected", gpa: input.gpa, length, read, write });
}
