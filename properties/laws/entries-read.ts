import type { FactOf } from "../../events/fact.ts";
import type { Step } from "../../history/step.ts";
import { readPasidEntry } from "../oracle/extended/source.ts";
import type { Oracle, World } from "../oracle/oracle.ts";
import type { PasidValue, Space, Tables } from "../oracle/pasid-entry.ts";
import { readPasid } from "../oracle/pasid-entry.ts";
import type { Resolution } from "../oracle/resolve.ts";
import { pasidUnder, withoutPasidEntry, withPasidEntry } from "../oracle/resolve.ts";
import { readSource } from "../oracle/scalable.ts";
import { guestIndex } from "./run.ts";

type Entry = FactOf<"HostEntryChanged">;
export type Stage = FactOf<"FirstStageCreated">;

/** What the entries on the way of a source-id and PASID say, by the oracle. */
interface Said {
  readonly resolution: Resolution;
  readonly value: PasidValue | undefined;
  readonly tag: number | undefined;
  readonly ats: boolean;
  readonly pri: boolean;
}

/** A host entry that was read in a step, and what the oracle reads at the end of it. */
export interface EntryRead {
  readonly seq: number;
  readonly fact: Entry;
  readonly said: Said;
}

const bit = (word: bigint | undefined, at: bigint): boolean => (((word ?? 0n) >> at) & 1n) === 1n;

function read({ unit }: World, { source, pasid }: Entry): Said {
  const { entry, words } = readSource(unit, source);
  const low = words[2]?.[1];
  const early = withoutPasidEntry(unit, entry, { pasid });
  if (entry.kind === "extended") {
    const { deviceTlb: ats, pageRequests: pri } = entry.context;
    if (early !== undefined) {
      return { resolution: early, value: undefined, tag: undefined, ats, pri };
    }
    const { value } = readPasidEntry(unit, entry, pasid ?? 0);
    const resolution = withPasidEntry(entry, value, { pasid });
    return { resolution, value, tag: pasid, ats, pri };
  }
  if (entry.kind !== "directory") {
    const ats = entry.kind === "legacy" && early?.kind === "tables" && bit(low, 2n);
    const none = { kind: "fault", reason: 0x30, fpd: false } as const;
    return { resolution: early ?? none, value: undefined, tag: undefined, ats, pri: false };
  }
  const flags = { ats: bit(low, 2n), pri: bit(low, 4n) };
  const tag = pasid ?? entry.ridPasid;
  const used = pasidUnder(unit, entry, { pasid });
  if (early !== undefined) return { resolution: early, value: undefined, tag, ...flags };
  const { value } = readPasid(unit, entry, "pasid" in used ? used.pasid : 0);
  return { resolution: withPasidEntry(entry, value, { pasid }), value, tag, ...flags };
}

/** Memory that was written in a step may have been so after an entry was read. */
const writing: ReadonlySet<string> = new Set(["MemoryWritten", "DmaLanded", "MemoryWrite"]);

/** The host entries that a step read last, and what the oracle reads of them now. */
export function entriesRead(oracle: Oracle, { facts, input, seq }: Step): readonly EntryRead[] {
  const world = oracle.worlds[guestIndex(input)];
  if (world?.te !== true) return [];
  const read_ = new Map<string, Entry>();
  for (const fact of facts) {
    if (fact.type === "HostEntryChanged") read_.set(`${fact.source}:${fact.pasid}`, fact);
    else if (writing.has(fact.type)) read_.clear();
  }
  return [...read_.values()].map((fact) => ({ seq, fact, said: read(world, fact) }));
}

/** The parts of two records that differ, by name. */
const differing = (found: object, wanted: Readonly<Record<string, unknown>>): string | undefined =>
  Object.entries(wanted).find(
    ([name, value]) => (found as Readonly<Record<string, unknown>>)[name] !== value,
  )?.[0];

const orNothing = (flag: boolean): true | undefined => (flag ? true : undefined);

const secondOf = (second: Tables | undefined) => ({
  second: second?.root,
  secondLevels: second?.levels,
});

/** What a first stage must be, by its PASID entry. */
const stageOf = ({ did, pasid, root, levels, wpe, nxe, smep, eafe, second }: Space) => ({
  ...{ did, pasid, root, levels, wpe, nxe, smep, eafe },
  ...secondOf(second),
});

/** Faults of rights that a request asks for are no fault of its entry. */
const ofRights: readonly number[] = [0x5c, 0x5d, 0x19, 0x1a];

/** Where each kind may lead to. */
const states: Readonly<Record<Resolution["kind"], readonly string[]>> = {
  fault: ["blocked"],
  passThrough: ["passThrough"],
  tables: ["shadowed", "virtual", "refused"],
  firstStage: ["nested", "virtual", "refused"],
};

/** Which part of a host entry is not what the entries on its way say, or nothing. */
export function differenceIn(
  { fact, said }: EntryRead,
  stages: ReadonlyMap<number, Stage>,
): string | undefined {
  const { resolution, value, tag, ats, pri } = said;
  if (resolution.kind === "fault" && ofRights.includes(resolution.reason)) return undefined;
  if (!states[resolution.kind].includes(fact.state)) return "state";
  const isRefused = fact.state === "refused";
  if (resolution.kind === "fault") {
    const { reason, fpd } = resolution;
    return differing(fact, { reason, fpd });
  }
  const { did, fpd } = resolution;
  const entry = value?.kind === "entry" ? value : undefined;
  const flags = {
    ...{ tag, ats: orNothing(ats), pri: orNothing(pri) },
    sre: orNothing(entry?.privileged === true),
    ere: orNothing(entry?.execute === true),
  };
  const wrong = differing(fact, isRefused ? { fpd } : { did, fpd, reason: undefined, ...flags });
  if (wrong !== undefined || isRefused) return wrong;
  if (resolution.kind === "tables") {
    return differing(fact, { root: resolution.root, levels: resolution.levels });
  }
  if (resolution.kind !== "firstStage") return undefined;
  const stage = stages.get(fact.space ?? -1);
  if (stage === undefined) return undefined;
  const part = differing(stage, stageOf(resolution.space));
  if (part !== undefined) return `${part} of its first stage`;
  return stage.virtual === (fact.state === "virtual") ? undefined : "virtual of its first stage";
}
