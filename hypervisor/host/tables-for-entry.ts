import type { SourceId } from "../../events/address.ts";
import { gpaOfPage } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Meaning } from "../../machines/host/host-entry.ts";
import { hostEntry } from "../../machines/host/host-entry.ts";
import { deviceBehind } from "../../projections/device/devices.ts";
import type { Space } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { shadowOver } from "../../projections/shadow/shadow.ts";
import type { Context, SecondStage } from "../context/context.ts";
import { synchroniseAll } from "../shadow/synchronise.ts";
import type { Turn } from "../turn.ts";
import { ask, guestIn, record } from "../turn.ts";

/** Whose requests a host entry is for. */
export interface Key {
  readonly source: SourceId;
  /** Missing for requests without PASID. */
  readonly pasid?: number;
}

type Entry = Omit<FactOf<"HostEntryChanged">, "type">;

type FirstStageContext = Extract<Context, { kind: "firstStage" }>;

/** Whether the devices behind a source-id are physical; all of them are of one kind. */
const isPhysical = (guest: Guest, requester: number): boolean =>
  deviceBehind(guest, requester)?.physical === true;

/** The shadow of a domain-id and root; created and built if there is none yet. */
function shadowFor(turn: Turn, did: number, { root, levels }: SecondStage): number {
  const guest = guestIn(turn);
  const known = shadowOver(guest, { did, root, levels });
  if (known !== undefined) return known;
  const shadow = guest.nextShadow;
  record(turn, { type: "ShadowCreated", shadow, did, root: gpaOfPage(root), levels });
  synchroniseAll(turn, shadow);
  return shadow;
}

const isSameStage = (
  stage: Space,
  first: FirstStageContext["first"],
  second: FirstStageContext["second"],
): boolean =>
  stage.root === first.root &&
  stage.levels === first.levels &&
  stage.wpe === first.wpe &&
  stage.nxe === first.nxe &&
  stage.smep === first.smep &&
  stage.eafe === first.eafe &&
  stage.second?.root === second?.root &&
  stage.second?.levels === second?.levels;

/** The first stage of a PASID entry; created if there is none like it yet. */
function spaceFor(
  turn: Turn,
  { did, pasid, first, second }: FirstStageContext,
  shadow: number | undefined,
  virtual: boolean,
): number {
  const guest = guestIn(turn);
  const tag = pasid?.tag ?? 0;
  for (const stage of Object.values(guest.spaces)) {
    const isSame = stage.did === did && stage.pasid === tag && stage.shadow === shadow;
    if (isSame && stage.virtual === virtual && isSameStage(stage, first, second)) return stage.id;
  }
  const { levels, wpe, nxe, smep, eafe } = first;
  const space = guest.nextSpace;
  record(turn, {
    type: "FirstStageCreated",
    space,
    did,
    pasid: tag,
    root: gpaOfPage(first.root),
    levels,
    ...(shadow === undefined ? {} : { shadow }),
    ...(second && { second: gpaOfPage(second.root), secondLevels: second.levels }),
    ...{ virtual, wpe, nxe, smep, eafe },
  });
  return space;
}

/** What an entry takes over from the context as it is. */
function commonOf(context: Context): Partial<Entry> {
  const { pasid, ats, pri } = context;
  if (pasid === undefined) return { ...(ats === true && { ats }), ...(pri === true && { pri }) };
  const { tag, sre, ere, privileged, dte, pre } = pasid;
  const flags = { sre, ere, privileged, ats: dte, pri: pre };
  const set = Object.entries(flags).filter(([, value]) => value);
  return { tag, ...Object.fromEntries(set) };
}

const meanings = {
  blocked: "fault",
  passThrough: "passThrough",
  tables: "secondStage",
  refused: "other",
} as const;

/** What a context asks of the host, as its chart is told. */
function meaningOf(context: Context): Meaning {
  if (context.kind !== "firstStage") return meanings[context.kind];
  return context.second === undefined ? "firstStage" : "nested";
}

/**
 * What an entry says whatever becomes of it. What faulted is tagged with domain-id 0, unless it did
 * so below an extended context entry, which is valid and has one.
 */
function entryOf(key: Key, context: Context): Omit<Entry, "state"> {
  const entry = { ...key, fpd: context.fpd, ...commonOf(context) };
  if (context.kind === "blocked")
    return { ...entry, did: context.did ?? 0, reason: context.reason };
  const { did } = context;
  if (context.kind !== "tables") return { ...entry, did };
  return { ...entry, did, root: gpaOfPage(context.root), levels: context.levels };
}

/** An entry with the shadow and the first stage that its state takes; they are made if need be. */
function withTables(turn: Turn, entry: FactOf<"HostEntryChanged">, context: Context) {
  const { state } = entry;
  if (context.kind === "tables" && state === "shadowed") {
    return { ...entry, shadow: shadowFor(turn, context.did, context) };
  }
  if (context.kind !== "firstStage" || (state !== "nested" && state !== "virtual")) return entry;
  const { did, second } = context;
  if (state === "virtual") return { ...entry, space: spaceFor(turn, context, undefined, true) };
  if (second === undefined) return { ...entry, space: spaceFor(turn, context, undefined, false) };
  const shadow = shadowFor(turn, did, second);
  return { ...entry, shadow, space: spaceFor(turn, context, shadow, false) };
}

/** What the host makes of a context, as its chart says; what the entry needs is made. */
export function entryFor(turn: Turn, key: Key, context: Context): FactOf<"HostEntryChanged"> {
  const guest = guestIn(turn);
  const state = hostAt(guest.hosts, key.source, key.pasid)?.state ?? hostEntry.initial;
  const [told] = ask(turn, hostEntry, state, {
    type: "Resolve",
    means: meaningOf(context),
    physical: isPhysical(guest, key.source),
    cachingMode: guest.profile.cachingMode,
    entry: entryOf(key, context),
  });
  return withTables(turn, told as FactOf<"HostEntryChanged">, context);
}
