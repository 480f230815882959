import { PasidEntry } from "../../events/context/pasid-entry.ts";
import type { Fact } from "../../events/fact.ts";
import { FirstStageEntry } from "../../events/first-stage/first-stage-entry.ts";
import type { Access, InputOf } from "../../events/input.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import { fold } from "../../hypervisor/fold.ts";
import { isScalable } from "../../projections/context/context-path.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import type { World } from "../../projections/world.ts";
import { find } from "../../properties/laws/requests.ts";
import { expected } from "../../properties/oracle/expected.ts";
import type { Oracle } from "../../properties/oracle/oracle.ts";
import { sources } from "../../properties/world/arena.ts";
import type { Deviation, Past, Reached } from "../deviation/deviation.ts";
import { usesOf } from "../deviation/past.ts";
import { readTables } from "../deviation/scalable-tables.ts";
import { entriesWalked } from "../deviation/table-view.ts";
import { answerText, modelText, targetText } from "./dma-text.ts";
import { evictions } from "./evict.ts";
import { readTrace } from "./observation.ts";
import type { PlanStep } from "./plan.ts";
import type { Seen } from "./sight.ts";

/** The source-id that a device's requests carry. */
export const requesterOf = (device: number): number =>
  device === sources.behindBridge ? sources.bridge : device;

/** One program being compared. */
export interface Comparing {
  world: World;
  readonly oracle: Oracle;
  choices: number;
  readonly deviations: readonly Deviation[];
  readonly met: Map<string, number>;
  past: Past;
  /** Bytes that a device must have read, by device and place in its buffer. */
  readonly reads: {
    readonly at: number;
    readonly bdf: number;
    readonly slot: number;
    /** Where they were read, if anywhere. */
    readonly gpa: bigint | undefined;
    readonly bytes: Uint8Array;
  }[];
}

/**
 * Whether the target used a translation of the same domain-id again that nothing has invalidated
 * since. It may, even if the entry that names the domain-id leads to other tables by now.
 */
function isRemembered(
  { past, world }: Comparing,
  { iova, access = "read" }: InputOf<"Dma">,
  { trace }: Seen,
  source: number,
): boolean {
  const { translated } = readTrace(trace, iova);
  const [guest] = world.guests;
  if (translated === undefined || guest === undefined) return false;
  const did = hostAt(guest.hosts, source, undefined)?.did;
  const uses = usesOf(past, source, iova, translated);
  return uses.some((use) => use.did === did && use.allows[access]);
}

/** Whether the target used a translation again that lacks the right: it says where it leads too. */
function lacksRight(
  { past }: Comparing,
  { iova, access = "read" }: InputOf<"Dma">,
  { trace }: Seen,
  source: number,
): boolean {
  const { translated } = readTrace(trace, iova);
  if (translated === undefined) return false;
  return usesOf(past, source, iova, translated).some(({ allows }) => !allows[access]);
}

/** Folds a DMA so that it does what the target did, if that is allowed. */
export function foldDma(state: Comparing, input: InputOf<"Dma">, seen: Seen) {
  const access: Access = input.access ?? "read";
  const before = state.world;
  const sid = requesterOf(input.device);
  const got = targetText(seen, input);
  const wanted = expected(state.oracle, 0, sid, input.iova);
  let folded = fold(before, input);
  const many = wanted?.pending === true || wanted?.first !== undefined;
  // Where several things are right nobody knows which page it is that the host has not.
  let model = modelText(folded.facts, many ? undefined : wanted?.[access]);
  const right = wanted === undefined ? model : answerText(wanted[access]);
  if (state.choices > 0 && !many && model !== right) {
    // What the model had to forget earlier it may have read again too early for an invalidation.
    const caughtUp = foldedTo(before, input, sid, right);
    folded = caughtUp ?? folded;
    model = caughtUp === undefined ? model : right;
  }
  // Without a trace nobody knows which of several things it was.
  if (!seen.isTraced) return { folded: many ? undefined : folded, raw: undefined };
  const allowed = wanted?.candidates.map((each) => answerText(each[access])) ?? [];
  const isRight = model === got || allowed.includes(got);
  // It may have been blocked without a word, or have forgotten the old translation: nobody knows.
  if (isRight && lacksRight(state, input, seen, sid)) return { folded: undefined, raw: undefined };
  if (model === got) return { folded, raw: undefined };
  if (!many || !allowed.includes(got)) {
    if (isRemembered(state, input, seen, sid)) return { folded: undefined, raw: undefined };
    const others = [...new Set(allowed)].join(", ");
    const rest = many && others !== model ? ` (allowed: ${others})` : "";
    const all = many ? allowed : [model];
    return {
      folded,
      raw: { what: "dma" as const, target: got, model: model + rest, allowed: all },
    };
  }
  const chosen = foldedTo(before, input, sid, got);
  if (chosen !== undefined) state.choices += 1;
  return { folded: chosen, raw: undefined };
}

/** A DMA folded in a world that has forgotten what it must for the outcome to be this one. */
function foldedTo(before: World, input: InputOf<"Dma">, source: number, outcome: string) {
  for (const world of evictions(before, source, input.iova)) {
    const folded = fold(world, input);
    if (modelText(folded.facts, undefined) === outcome) return folded;
  }
  return undefined;
}

/** What the entries of the tables allow, and where they lead. */
function allowedByTables(guest: Guest, source: number, iova: bigint) {
  const walk = entriesWalked(guest, source, iova);
  const leaf = walk?.seen.at(-1)?.leaf;
  if (walk === undefined || leaf === undefined) return undefined;
  const { isFirst, seen } = walk;
  const read = isFirst || seen.every(({ entry }) => (entry & SecondStageEntry.mask("r")) !== 0n);
  const writes = isFirst ? FirstStageEntry.mask("rw") : SecondStageEntry.mask("w");
  const write = seen.every(({ entry }) => (entry & writes) !== 0n);
  const gpa = leaf.base + (iova & (leaf.length - 1n));
  return { isFirst, read, write, gpa };
}

/** The domain-id of the PASID entry that QEMU reads, in scalable mode. */
function domainRead(guest: Guest, source: number, { contexts }: Past): number | undefined {
  if (!isScalable(guest)) return undefined;
  const { entry } = readTables(guest, source, contexts.entries.get(source));
  return entry === undefined ? undefined : PasidEntry.decode(entry).did;
}

/** The translation that a DMA used in the target. */
export function useIn(
  { past }: Comparing,
  { input }: PlanStep,
  { trace }: Seen,
  { guests }: World,
  facts: readonly Fact[],
): Reached | undefined {
  if (input.type !== "Dma") return undefined;
  const { translated, mask } = readTrace(trace, input.iova);
  const [guest] = guests;
  if (translated === undefined || guest === undefined) return undefined;
  const source = requesterOf(input.device);
  const [known] = usesOf(past, source, input.iova, translated);
  const tables = allowedByTables(guest, source, input.iova);
  // The target walks the tables for each source-id. In the model one may use what another has
  // found, and the right to write waits for the first stage's dirty bit.
  const isWalked = tables !== undefined && (tables.isFirst || tables.gpa === translated);
  const told = isWalked ? undefined : find(facts, "DmaTranslated");
  const allows = known?.allows ?? told ?? tables;
  if (allows === undefined) return undefined;
  const { read, write } = allows;
  const first = input.iova & ~mask;
  const entry = hostAt(guest.hosts, source, undefined);
  const isFirst = guest.profile.flts && isScalable(guest);
  return {
    ...{ source, first, last: first | mask, distance: translated - input.iova },
    allows: { read, write },
    did: known?.did ?? domainRead(guest, source, past) ?? entry?.did ?? 0,
    pasid: isFirst ? entry?.tag : undefined,
  };
}
