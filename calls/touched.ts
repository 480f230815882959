import type { Range, SourceId } from "../events/address.ts";
import { pageOf, pagesFrom } from "../events/address.ts";
import type { Fact, FactOf } from "../events/fact.ts";
import { at } from "../events/registers/offset.ts";
import type { Step } from "../history/step.ts";
import { requesterKey } from "../projections/host/host-entry.ts";
import type { Requester } from "./call.ts";

/** An invalidation that covers first stages. */
export type StageInvalidation = FactOf<"IotlbInvalidated"> | FactOf<"PasidIotlbInvalidated">;

/** What the facts of a step say may have changed of what the host has for a guest. */
export interface Touched {
  /** By `requesterKey`. */
  readonly requesters: Map<number, Requester>;
  /** Ranges of pages of shadows, in the order in which they were told. */
  readonly shadows: Map<number, Range[]>;
  /** Ranges of guest pages whose place in the P2M changed. */
  readonly p2m: Range[];
  readonly removed: SourceId[];
  readonly invalidations: StageInvalidation[];
  readonly deviceTlbs: FactOf<"DeviceTlbInvalidated">[];
  readonly answers: FactOf<"PageGroupAnswered">[];
  /** Protected memory may be other ranges than before. */
  isProtectionChanged: boolean;
  /** The host is to note which pages devices write, or no longer. */
  isTrackingChanged: boolean;
}

const nothingTouched = (): Touched => ({
  requesters: new Map(),
  shadows: new Map(),
  p2m: [],
  removed: [],
  invalidations: [],
  deviceTlbs: [],
  answers: [],
  isProtectionChanged: false,
  isTrackingChanged: false,
});

type Toucher<T extends Fact["type"]> = (touched: Touched, fact: FactOf<T>) => void;

function touchRequester(touched: Touched, { source, pasid }: HostFact): void {
  touched.requesters.set(requesterKey(source, pasid), { source, pasid });
}

type HostFact =
  | (FactOf<"HostEntryChanged"> | FactOf<"HostEntryDropped">)
  | (FactOf<"DeviceKeptOut"> | FactOf<"DeviceLetIn">);

function touchPages(touched: Touched, shadow: number, first: number, count: number): void {
  const ranges = touched.shadows.get(shadow);
  const range = { first, end: first + count };
  if (ranges === undefined) touched.shadows.set(shadow, [range]);
  else ranges.push(range);
}

type RunFact = FactOf<"ShadowMapped"> | FactOf<"ShadowBlocked"> | FactOf<"ShadowUnmapped">;

const touchRun = (touched: Touched, { shadow, iova, count }: RunFact): void =>
  touchPages(touched, shadow, pageOf(iova), count);

type P2mFact = FactOf<"P2mMapped"> | FactOf<"P2mUnmapped"> | FactOf<"P2mProtected">;

function touchP2m({ p2m }: Touched, { gpa, length }: P2mFact): void {
  p2m.push(pagesFrom(gpa, length));
}

function touchShadow({ shadows }: Touched, { shadow }: { readonly shadow: number }): void {
  if (!shadows.has(shadow)) shadows.set(shadow, []);
}

function touchProtection(touched: Touched): void {
  touched.isProtectionChanged = true;
}

function touchTracking(touched: Touched): void {
  touched.isTrackingChanged = true;
}

/** What each fact touches; those that are missing touch nothing of the host's. */
const touchers: { readonly [T in Fact["type"]]?: Toucher<T> } = {
  HostEntryChanged: touchRequester,
  HostEntryDropped: touchRequester,
  DeviceKeptOut: touchRequester,
  DeviceLetIn: touchRequester,
  DirtyTrackingBegun: touchTracking,
  DirtyTrackingEnded: touchTracking,
  ShadowCreated: touchShadow,
  ShadowDropped: touchShadow,
  ShadowMapped: touchRun,
  ShadowBlocked: touchRun,
  ShadowUnmapped: touchRun,
  ShadowShared: (touched, { shadow, iova, length, copies }) =>
    touchPages(touched, shadow, pageOf(iova), pageOf(length) * copies),
  ShadowLinked: (touched, { shadow, iova, length, from }) =>
    touchPages(touched, shadow, pageOf(iova), pageOf(length) * from.length),
  P2mMapped: touchP2m,
  P2mUnmapped: touchP2m,
  P2mProtected: touchP2m,
  DeviceRemoved: ({ removed }, { device }) => removed.push(device),
  IotlbInvalidated: ({ invalidations }, fact) => invalidations.push(fact),
  PasidIotlbInvalidated: ({ invalidations }, fact) => invalidations.push(fact),
  DeviceTlbInvalidated: ({ deviceTlbs }, fact) => deviceTlbs.push(fact),
  PageGroupAnswered: ({ answers }, fact) => answers.push(fact),
  ProtectedMemoryEnabled: touchProtection,
  ProtectedMemoryDisabled: touchProtection,
  UnitWasReset: touchProtection,
  UnitCreated: touchProtection,
  UnitDestroyed: touchProtection,
  RegisterSet: (touched, { offset }) => {
    if (offset >= at.plmbase && offset < at.phmlimit + 8) touched.isProtectionChanged = true;
  },
};

const toucherOf: ReadonlyMap<string, Toucher<never>> = new Map(
  Object.entries(touchers as Readonly<Record<string, Toucher<never>>>),
);

/** What a step touches of its guest's host side, or `undefined` for nothing. */
export function touchedBy({ facts }: Step): Touched | undefined {
  let touched: Touched | undefined;
  for (const fact of facts) {
    const touch = toucherOf.get(fact.type);
    if (touch === undefined) continue;
    touched ??= nothingTouched();
    touch(touched, fact as never);
  }
  return touched;
}
