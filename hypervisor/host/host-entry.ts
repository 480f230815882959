import type { SourceId } from "../../events/address.ts";
import { gpaOfPage } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { FirstStage } from "../../projections/first-stage/first-stage.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Context } from "../context/context.ts";
import { synchroniseAll } from "../shadow/synchronise.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";

/** Whose requests a host entry is for. */
export interface Key {
  readonly source: SourceId;
  /** Missing for requests without PASID. */
  readonly pasid?: number;
}

export type Entry = Omit<FactOf<"HostEntryChanged">, "type">;

type FirstStageContext = Extract<Context, { kind: "firstStage" }>;

/** Whether the devices behind a source-id are physical; all of them are of one kind. */
const isPhysical = (guest: Guest, requester: number): boolean =>
  Object.values(guest.devices).some((one) => one.requester === requester && one.physical);

/** The shadow of a domain-id and root; created and built if there is none yet. */
function shadowFor(turn: Turn, did: number, root: number, levels: number): number {
  const guest = guestIn(turn);
  for (const shadow of Object.values(guest.shadows)) {
    if (shadow.did === did && shadow.root === root && shadow.levels === levels) return shadow.id;
  }
  const shadow = guest.nextShadow;
  record(turn, { type: "ShadowCreated", shadow, did, root: gpaOfPage(root), levels });
  synchroniseAll(turn, shadow);
  return shadow;
}

/** Whether a shadow of second-stage tables can be kept true: every change of them is announced. */
const canShadow = (guest: Guest): boolean => guest.profile.cachingMode;

const isSameStage = (
  stage: FirstStage,
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
  record(turn, {
    type: "FirstStageCreated",
    space: guest.nextSpace,
    did,
    pasid: tag,
    root: gpaOfPage(first.root),
    levels,
    ...(shadow === undefined ? {} : { shadow }),
    ...(second && { second: gpaOfPage(second.root), secondLevels: second.levels }),
    ...{ virtual, wpe, nxe, smep, eafe },
  });
  return guest.nextSpace;
}

/** What the host makes of a first stage, alone or over the guest's own second stage. */
function nestedEntry(
  turn: Turn,
  key: Key,
  context: FirstStageContext,
  common: Partial<Entry>,
): Entry {
  const { did, fpd, second } = context;
  const entry = { ...key, did, fpd, ...common };
  const isVirtual = !isPhysical(guestIn(turn), key.source);
  if (isVirtual) {
    return { ...entry, state: "virtual", space: spaceFor(turn, context, undefined, true) };
  }
  if (second === undefined) {
    return { ...entry, state: "nested", space: spaceFor(turn, context, undefined, false) };
  }
  if (!canShadow(guestIn(turn))) return { ...entry, state: "refused" };
  const shadow = shadowFor(turn, did, second.root, second.levels);
  const space = spaceFor(turn, context, shadow, false);
  return { ...entry, state: "nested", shadow, space };
}

/** What an entry takes over from the context as it is. */
function commonOf(context: Context): Partial<Entry> {
  const { pasid } = context;
  const legacyAts = context.kind === "tables" && context.ats === true;
  if (pasid === undefined) return legacyAts ? { ats: true } : {};
  const { tag, sre, ere, privileged, dte, pre } = pasid;
  const flags = { sre, ere, privileged, ats: dte, pri: pre };
  const set = Object.entries(flags).filter(([, value]) => value);
  return { tag, ...Object.fromEntries(set) };
}

/**
 * What the host makes of a context. What faulted is tagged with domain-id 0. Second-stage tables
 * can be shadowed only under caching mode; without it a physical device that needs them is refused.
 * A first stage is the guest's own, walked by the hardware over the P2M or over a shadow.
 */
export function entryFor(turn: Turn, key: Key, context: Context): Entry {
  const { fpd } = context;
  const common = commonOf(context);
  if (context.kind === "blocked") {
    return { ...key, state: "blocked", did: 0, reason: context.reason, fpd, ...common };
  }
  if (context.kind === "firstStage") return nestedEntry(turn, key, context, common);
  const { did } = context;
  if (context.kind === "passThrough" || context.kind === "refused") {
    return { ...key, state: context.kind, did, fpd, ...common };
  }
  const { root, levels } = context;
  const tables = { did, fpd, ...common, root: gpaOfPage(root), levels };
  if (!isPhysical(guestIn(turn), key.source)) return { ...key, state: "virtual", ...tables };
  if (!canShadow(guestIn(turn))) return { ...key, state: "refused", ...tables };
  return { ...key, state: "shadowed", ...tables, shadow: shadowFor(turn, did, root, levels) };
}
