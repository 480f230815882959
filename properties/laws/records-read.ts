import { hex } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { Count, Law } from "./law.ts";
import type { Moment } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** AT of the requests that have one. */
const types = { translation: 1n, translated: 2n, page: 0n } as const;

const when = (is: boolean | undefined, bit: bigint): bigint => (is === true ? 1n << bit : 0n);

/** The two halves of a fault record that holds a fault, by what the fact says of it. */
function recordOf(fact: FactOf<"FaultRecorded">): readonly [bigint, bigint] {
  const { page, source, reason, access, pasid, privileged, execute, request } = fact;
  const kind = request === undefined ? 0n : types[request];
  const high =
    BigInt(source) |
    when(privileged, 29n) |
    when(execute, 30n) |
    when(pasid !== undefined, 31n) |
    (BigInt(reason) << 32n) |
    (BigInt(pasid ?? 0) << 40n) |
    (kind << 60n) |
    // T1 and T2: a write, a page request, a read.
    when(access === "read" && request !== "page", 62n) |
    when(request === "page", 28n) |
    when(true, 63n);
  return [page & ~0xfffn, high];
}

/** What is wrong with what software reads in a record that was just taken, or nothing. */
function checkRecord(guest: Guest, fact: FactOf<"FaultRecorded">): string | undefined {
  const first = Number((readBytes(guest, 8, 8) >> 24n) & 0x3ffn) * 16;
  const place = first + 16 * fact.index;
  const found = [readBytes(guest, place, 8), readBytes(guest, place + 8, 8)];
  const wanted = recordOf(fact);
  if (found[0] === wanted[0] && found[1] === wanted[1]) return undefined;
  const [is, must] = [found, wanted].map((halves) => halves.map(hex).join(", "));
  return `record ${fact.index} reads ${is}, not ${must}`;
}

/** Of each error its bit in FSTS, and where IQERCD says why: the field's lowest bit and width. */
const fields = { IQE: [4n, 0n, 0xfn], ICE: [5n, 48n, 0xffffn], ITE: [6n, 32n, 0xffffn] } as const;

type ErrorFact = FactOf<"QueueHalted"> | FactOf<"CompletionFailed">;

const errorOf = (fact: ErrorFact) => (fact.type === "QueueHalted" ? fact.error : "ICE");

/**
 * What is wrong with what software reads in IQERCD after an error, or nothing. Of devices the first
 * is shown while its error stands.
 */
function checkError(was: Guest, now: Guest, fact: ErrorFact): string | undefined {
  const error = errorOf(fact);
  const [bit, lowest, mask] = fields[error];
  const isFirst = error === "IQE" || ((readBytes(was, 0x34, 4) >> bit) & 1n) === 0n;
  const code = BigInt("iqei" in fact && error === "IQE" ? fact.iqei : (fact.source ?? 0));
  const [before = 0n, found = 0n] = [was, now].map((guest) => readBytes(guest, 0xb0, 8));
  const wanted = isFirst ? (before & ~(mask << lowest)) | (code << lowest) : before;
  return found === wanted
    ? undefined
    : `IQERCD reads ${hex(found)} after ${error}, not ${hex(wanted)}`;
}

const isError = (fact: Moment["fact"]): fact is ErrorFact =>
  fact?.type === "QueueHalted" || fact?.type === "CompletionFailed";

function check({ fact, before, after }: Moment, count: Count): string | undefined {
  if (fact?.type !== "FaultRecorded" && !isError(fact)) return undefined;
  const index = guestIndex(fact);
  const [was, now] = [before.guests[index], after.guests[index]];
  if (was === undefined || now === undefined) return undefined;
  if (isError(fact)) {
    count(errorOf(fact));
    return checkError(was, now, fact);
  }
  count(fact.pasid === undefined ? "fault" : "fault with PASID");
  if (fact.request === "page") count("page request");
  if ((fact.pasid ?? 0) >= 0x8_0000) count("PASID of 20 bits");
  return checkRecord(now, fact);
}

export const recordsSayWhatHappened: Law = {
  id: "RG4",
  says: "A fault record, and IQERCD, read as what happened, field by field, and nothing else.",
  sometimes: ["fault", "fault with PASID", "PASID of 20 bits", "page request", "IQE", "ICE", "ITE"],
  check(run, count) {
    for (const moment of momentsOf(run)) {
      const text = check(moment, count);
      if (text !== undefined) return { law: "RG4", seq: moment.seq, text };
    }
    return undefined;
  },
};
