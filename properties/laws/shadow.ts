import { formatSourceId, hex } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadows.ts";
import { get } from "../../tables/page-tree.ts";
import { radixForEach } from "../../tables/radix.ts";
import type { Answer } from "../oracle/compose.ts";
import type { Violation } from "../verdict.ts";
import type { HostAnswer } from "./host-answer.ts";
import { hostAnswer } from "./host-answer.ts";
import type { Count, Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { sightOf } from "./probes.ts";

/** One text for what an oracle or a host answers, the offset in the page aside. */
export function textOf(answer: HostAnswer | Answer["composed"]): string {
  if ("interrupt" in answer) return "interrupt";
  if ("hole" in answer) return "hole";
  if ("fault" in answer) {
    return `fault ${hex(answer.fault)}${answer.suppressed ? " suppressed" : ""}`;
  }
  return hex("hfn" in answer ? answer.hfn : Number(answer.hpa >> 12n));
}

const order = ["4K", "2M", "1G"];

/**
 * The place of the size in order; the host may map in smaller pieces than the guest, never larger.
 */
const sizeOf = (answer: HostAnswer | Answer["composed"]): number =>
  "size" in answer ? order.indexOf(answer.size) : -1;

const accesses = ["read", "write"] as const;

/** Where a key is, for people. */
const nameOf = ({ key, seq }: Probe, access: Access): string =>
  `at ${seq}: ${access} by ${senderOf(key)} of page ${hex(key.page)}`;

/** Source-id and PASID, for people. */
export const senderOf = ({ sid, pasid }: Probe["key"]): string =>
  formatSourceId(sid) + (pasid === undefined ? "" : ` with PASID ${hex(pasid)}`);

/** Compares what the host does for a key with what the oracle allows. */
export function compareProbe(
  law: string,
  probe: Probe,
  allowed: (access: Access) => readonly Answer["composed"][] | undefined,
): Violation | undefined {
  const guest = probe.world.guests[probe.key.guest];
  if (guest === undefined) return undefined;
  for (const access of accesses) {
    const answers = allowed(access);
    const answer = hostAnswer(guest, probe.key, access);
    if (answers === undefined || answer === undefined) continue;
    if (answers.some((one) => "interrupt" in one)) continue;
    const found = textOf(answer);
    const [size, largest] = [sizeOf(answer), Math.max(...answers.map(sizeOf))];
    const texts = answers.map(textOf);
    if (texts.includes(found) && size <= largest) continue;
    const sizes = size > largest ? ` (${order[size]}, at most ${order[largest]})` : "";
    const text = `${nameOf(probe, access)}: ${found}${sizes}, not ${texts.join(" or ")}`;
    return { law, seq: probe.seq, text };
  }
  return undefined;
}

const settledAnswers = (probe: Probe) => (access: Access) => [probe.expected[access].composed];

/** What the host may do while something is pending. */
const candidates = (probe: Probe) => (access: Access) => {
  if (!probe.expected.complete) return undefined;
  return probe.expected.candidates.map((each) => each[access].composed);
};

export const shadowMatches: Law = {
  id: "SH1",
  says:
    "Where nothing is pending, the shadow is what walking the guest's tables and the P2M " +
    "gives.",
  sometimes: [
    ...["mapped", "faulting", "hole", "superpage"],
    ...["first stage", "nested", "second stage with PASID"],
  ],
  check(run, count) {
    for (const probe of sightOf(run).settled) {
      if (probe.expected.pending) continue;
      countSettled(probe, count);
      countKind(probe, count);
      const violation = compareProbe("SH1", probe, settledAnswers(probe));
      if (violation !== undefined) return violation;
    }
    return undefined;
  },
};

function countSettled(probe: Probe, count: Count): void {
  const { composed } = probe.expected.read;
  if ("hole" in composed) count("hole");
  else if ("fault" in composed) count("faulting");
  else if ("hpa" in composed) count(composed.size === "4K" ? "mapped" : "superpage");
}

/** Notes what leads to a page in scalable mode. */
function countKind({ expected, key }: Probe, count: Count): void {
  const { kind } = expected;
  if (kind === "firstStage") count("first stage");
  else if (kind === "nested") count("nested");
  else if (kind === "tables" && key.pasid !== undefined) count("second stage with PASID");
}

export const shadowWasRight: Law = {
  id: "SH2",
  says:
    "Where something is pending, the shadow is what was right at some time since the covering " +
    "invalidation.",
  sometimes: [
    ...["pending", "several candidates", "stale"],
    ...["first stage", "nested", "second stage with PASID"],
  ],
  check(run, count) {
    for (const probe of sightOf(run).settled) {
      if (!probe.expected.pending) continue;
      count("pending");
      if (probe.expected.candidates.length > 1) count("several candidates");
      const violation = compareProbe("SH2", probe, candidates(probe));
      if (violation !== undefined) return violation;
      countKind(probe, count);
      if (compareProbe("SH2", probe, settledAnswers(probe)) !== undefined) count("stale");
    }
    return undefined;
  },
};

export const waitMeansDone: Law = {
  id: "IV1",
  says: "When a wait completes, the shadow reflects every invalidation before it.",
  sometimes: ["waits"],
  check(run, count) {
    for (const probe of sightOf(run).waiting) {
      count("waits");
      const { pending } = probe.expected;
      const allowed = pending ? candidates(probe) : settledAnswers(probe);
      const violation = compareProbe("IV1", probe, allowed);
      if (violation !== undefined) return violation;
    }
    return undefined;
  },
};

/** Whether the model holds a key for pending; `undefined` where it keeps no shadow for it. */
function isPending({ world, key }: Probe): boolean | undefined {
  const guest = world.guests[key.guest];
  const entry = guest && hostAt(guest.hosts, key.sid, key.pasid);
  if (guest === undefined || entry === undefined) return undefined;
  if (guest.charts.translation !== "enabled") return undefined;
  const onPath = entry.pending !== 0 || entry.pasidPending !== 0;
  if (entry.state === "nested") return onPath;
  const shadow = shadowAt(guest, entry.shadow);
  if (entry.state !== "shadowed" || shadow === undefined) return undefined;
  if (key.page >= 2 ** (Math.min(guest.profile.mgaw, 12 + 9 * shadow.levels) - 12))
    return undefined;
  return onPath || get(shadow.pending, key.page) !== 0;
}

/**
 * Whether the shadow of a key has a table in so many places that a write to it marks everything.
 */
function isShared({ world, key }: Probe): boolean {
  const guest = world.guests[key.guest];
  const shadow = (guest && hostAt(guest.hosts, key.sid, key.pasid)?.shadow) ?? -1;
  let shared = false;
  if (guest === undefined) return false;
  radixForEach(guest.tables, 0, Number.MAX_SAFE_INTEGER, (_page, use) => {
    if (use.shared.includes(shadow)) shared = true;
  });
  return shared;
}

export const pendingIsKnown: Law = {
  id: "SH4",
  says:
    "Where no table stands in many places, a page that its walk reaches is pending only if a " +
    "word of the walk changed since the covering invalidation.",
  sometimes: ["pending", "not pending"],
  check(run, count) {
    for (const probe of sightOf(run).settled) {
      const { pending, complete, read, write } = probe.expected;
      const found = isPending(probe);
      if (found === undefined || !complete || probe.replaced) continue;
      count(pending ? "pending" : "not pending");
      // What stops at a permission does not read what lies below, which may be marked all the same.
      const stopped = [read, write].every(({ composed }) => !("hpa" in composed));
      if (!found || pending || stopped || isShared(probe)) continue;
      return { law: "SH4", seq: probe.seq, text: `${nameOf(probe, "read")} is pending` };
    }
    return undefined;
  },
};
