import { hex } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { Count, Law } from "./law.ts";
import type { Moment } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

const types = { translation: 1n, translated: 2n } as const;

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
    when(access === "read", 62n) |
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

/** Where IQERCD says why the queue halted: the lowest bit of each error's field, and its width. */
const fields = { IQE: [0n, 0xfn], ITE: [32n, 0xffffn], ICE: [48n, 0xffffn] } as const;

/** What is wrong with what software reads in IQERCD after an error, or nothing. */
function checkError(was: Guest, now: Guest, fact: FactOf<"QueueHalted">): string | undefined {
  const [lowest, mask] = fields[fact.error];
  const code = BigInt(fact.error === "IQE" ? fact.iqei : (fact.source ?? 0));
  const [before, found] = [was, now].map((guest) => readBytes(guest, 0xb0, 8));
  const wanted = ((before ?? 0n) & ~(mask << lowest)) | (code << lowest);
  return found === wanted
    ? undefined
    : `IQERCD reads ${hex(found ?? 0n)} after ${fact.error}, not ${hex(wanted)}`;
}

function check({ fact, before, after }: Moment, count: Count): string | undefined {
  if (fact?.type !== "FaultRecorded" && fact?.type !== "QueueHalted") return undefined;
  const index = guestIndex(fact);
  const [was, now] = [before.guests[index], after.guests[index]];
  if (was === undefined || now === undefined) return undefined;
  if (fact.type === "QueueHalted") {
    count(fact.error);
    return checkError(was, now, fact);
  }
  count(fact.pasid === undefined ? "fault" : "fault with PASID");
  if ((fact.pasid ?? 0) >= 0x8_0000) count("PASID of 20 bits");
  return checkRecord(now, fact);
}

export const recordsSayWhatHappened: Law = {
  id: "RG4",
  says: "A fault record, and IQERCD, read as what happened, field by field, and nothing else.",
  sometimes: ["fault", "fault with PASID", "PASID of 20 bits", "IQE", "ICE", "ITE"],
  check(run, count) {
    for (const moment of momentsOf(run)) {
      const text = check(moment, count);
      if (text !== undefined) return { law: "RG4", seq: moment.seq, text };
    }
    return undefined;
  },
};
