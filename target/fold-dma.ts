import { hex } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import { FirstStageEntry } from "../events/first-stage/first-stage-entry.ts";
import type { Access, Input, InputOf } from "../events/input.ts";
import { SecondStageEntry } from "../events/shadow/second-stage-entry.ts";
import { fold } from "../hypervisor/fold.ts";
import { isScalable } from "../projections/context/context-path.ts";
import type { Guest } from "../projections/guest.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import type { World } from "../projections/world.ts";
import { find } from "../properties/laws/requests.ts";
import { expected } from "../properties/oracle/expected.ts";
import type { Oracle } from "../properties/oracle/oracle.ts";
import type { Contexts, Past, Reached } from "./deviation.ts";
import type { Raw } from "./difference.ts";
import type { Suppressed } from "./dma-text.ts";
import { answerText, modelText, targetText, withoutReason, withReason } from "./dma-text.ts";
import { evictions } from "./evict.ts";
import type { Known } from "./known.ts";
import { requesterOf } from "./machine.ts";
import { usesOf } from "./past.ts";
import type { Seen } from "./sight.ts";
import { entriesWalked, walkByTarget } from "./table-view.ts";

/** One program being compared. */
export interface Comparing {
  world: World;
  readonly oracle: Oracle;
  choices: number;
  readonly known: Known;
  readonly met: Map<string, number>;
  past: Past;
  /** Bytes that a device must have read, by step. */
  readonly reads: {
    readonly at: number;
    readonly bdf: number;
    /** Where they were read, if anywhere. */
    readonly gpa: bigint | undefined;
    readonly bytes: Uint8Array;
  }[];
}

/**
 * Whether the target used a translation of the same domain-id again that nothing has invalidated
 * since. It may, even if the entry that names the domain-id leads to other tables by now, or to
 * the same with other levels, and contexts were invalidated: an IOTLB entry is found by source-id
 * and address, and software has to invalidate the IOTLB too (VT-d 5.10 §6.2.1, §6.2.2.1, §6.2.7).
 */
function isRemembered(
  { past, world, known: { memory } }: Comparing,
  { iova, access = "read" }: InputOf<"Dma">,
  { observed: { translated } }: Seen,
  source: number,
): boolean {
  const [guest] = world.guests;
  if (translated === undefined || guest === undefined) return false;
  const dids = memory.tagsBySource
    ? [hostAt(guest.hosts, source, undefined)?.did]
    : memory.domains(past.contexts, guest, source);
  const uses = usesOf(past, memory.tagsBySource ? source : undefined, iova, translated);
  return uses.some((use) => dids.includes(use.did) && use.allows[access]);
}

/** Whether the target used a translation again that lacks the right: it says where it leads too. */
function lacksRight(
  { past, known: { memory } }: Comparing,
  { iova, access = "read" }: InputOf<"Dma">,
  { observed: { translated } }: Seen,
  source: number,
): boolean {
  if (translated === undefined || !memory.tagsBySource) return false;
  return usesOf(past, source, iova, translated).some(({ allows }) => !allows[access]);
}

/** Folds a DMA so that it does what the target did, if that is allowed. */
export function foldDma(state: Comparing, input: InputOf<"Dma">, seen: Seen) {
  const access: Access = input.access ?? "read";
  const before = state.world;
  const sid = requesterOf(input.device);
  const { pasid, execute, privileged } = input;
  const wanted = expected(state.oracle, 0, sid, input.iova, { pasid, execute, privileged });
  let folded = fold(before, input);
  const many = wanted?.pending === true || wanted?.first !== undefined;
  // Where several things are right nobody knows which page it is that the host has not.
  const told = seen.tellsSuppressed === true ? withReason : withoutReason;
  let model = modelText(folded.facts, many ? undefined : wanted?.[access], told);
  const right = wanted === undefined ? model : answerText(wanted[access], told);
  if (state.choices > 0 && !many && model !== right) {
    // What the model had to forget earlier it may have read again too early for an invalidation.
    const caughtUp = foldedTo(before, input, { source: sid, outcome: right, told });
    folded = caughtUp ?? folded;
    model = caughtUp === undefined ? model : right;
  }
  // Without a trace nobody knows which of several things it was.
  if (!seen.isTraced) return { folded: many ? undefined : folded, raw: undefined };
  const allowed = wanted?.candidates.map((each) => answerText(each[access], told)) ?? [];
  const got = targetText(seen.observed, input);
  const isRight = model === got || allowed.includes(got);
  const larger = isRight && !many ? largerSize(before, input, seen, sid) : undefined;
  if (larger !== undefined) return { folded, raw: larger };
  // It may have been blocked without a word, or have forgotten the old translation: nobody knows.
  if (isRight && lacksRight(state, input, seen, sid)) return { folded: undefined, raw: undefined };
  if (model === got) return { folded, raw: undefined };
  if (!many || !allowed.includes(got)) {
    if (isRemembered(state, input, seen, sid)) return { folded: undefined, raw: undefined };
    // Commas are within an answer: `fault 0x2, suppressed`.
    const others = [...new Set(allowed)].join("; or ");
    const rest = many && others !== model ? ` (allowed: ${others})` : "";
    const all = many ? allowed : [model];
    return {
      folded,
      raw: { what: "dma" as const, target: got, model: model + rest, allowed: all },
    };
  }
  const chosen = foldedTo(before, input, { source: sid, outcome: got, told });
  if (chosen !== undefined) state.choices += 1;
  return { folded: chosen, raw: undefined };
}

/** A mapping that is larger than that of the tables, as a difference. */
function largerSize(
  { guests }: World,
  input: InputOf<"Dma">,
  { observed: { translated, mask }, tellsSuppressed }: Seen,
  source: number,
): Raw | undefined {
  const [guest] = guests;
  if (tellsSuppressed !== true || translated === undefined || guest === undefined) return undefined;
  // Of requests with PASID the walk is not looked at here.
  if (input.pasid !== undefined || guest.charts.translation !== "enabled") return undefined;
  const { leaf } = entriesWalked(guest, source, input.iova)?.seen.at(-1) ?? {};
  if (leaf === undefined || mask < leaf.length) return undefined;
  const of = (bytes: bigint): string => `a mapping of ${hex(bytes)} bytes`;
  return { what: "dma", target: of(mask + 1n), model: of(leaf.length) };
}

/** The outcome that is wanted, and how it is told. */
interface Wanted {
  readonly source: number;
  readonly outcome: string;
  readonly told: Suppressed;
}

/** A DMA folded in a world that has forgotten what it must for the outcome to be this one. */
function foldedTo(before: World, input: InputOf<"Dma">, { source, outcome, told }: Wanted) {
  for (const world of evictions(before, source, input)) {
    const folded = fold(world, input);
    if (modelText(folded.facts, undefined, told) === outcome) return folded;
  }
  return undefined;
}

/** What the entries of the tables that the target walks allow, and where they lead. */
function allowedByTables(guest: Guest, source: number, iova: bigint, contexts: Contexts) {
  const walk = walkByTarget(guest, source, iova, contexts);
  const leaf = walk?.seen.at(-1)?.leaf;
  if (walk === undefined || leaf === undefined) return undefined;
  const { isFirst, seen } = walk;
  const read = isFirst || seen.every(({ entry }) => (entry & SecondStageEntry.mask("r")) !== 0n);
  const writes = isFirst ? FirstStageEntry.mask("rw") : SecondStageEntry.mask("w");
  const write = seen.every(({ entry }) => (entry & writes) !== 0n);
  const gpa = leaf.base + (iova & (leaf.length - 1n));
  return { isFirst, read, write, gpa };
}

/** The translation that a DMA used in the target, under each domain-id that it may have had. */
export function usesIn(
  { past, known: { memory } }: Comparing,
  input: Input,
  { observed }: Seen,
  { guests }: World,
  facts: readonly Fact[],
): readonly Reached[] {
  // What is used with a PASID is the model's to remember.
  if (input.type !== "Dma" || input.pasid !== undefined) return [];
  const { translated, mask } = observed;
  const [guest] = guests;
  if (translated === undefined || guest === undefined) return [];
  const source = requesterOf(input.device);
  const [use] = usesOf(past, source, input.iova, translated);
  const tables = allowedByTables(guest, source, input.iova, past.contexts);
  // The target walks the tables for each source-id. In the model one may use what another has
  // found, and the right to write waits for the first stage's dirty bit.
  const isWalked = tables !== undefined && (tables.isFirst || tables.gpa === translated);
  const told = isWalked ? undefined : find(facts, "DmaTranslated");
  const allows = use?.allows ?? told ?? tables;
  if (allows === undefined) return [];
  const { read, write } = allows;
  const first = input.iova & ~mask;
  const entry = hostAt(guest.hosts, source, undefined);
  const isFirst = guest.profile.flts && isScalable(guest);
  const again = memory.tagsBySource && use !== undefined ? [use.did] : undefined;
  return (again ?? memory.domains(past.contexts, guest, source)).map((did) => ({
    ...{ source, first, last: first | mask, distance: translated - input.iova },
    ...{ allows: { read, write }, did, pasid: isFirst ? entry?.tag : undefined },
  }));
}
