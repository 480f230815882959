import type { Profile } from "../events/profile/profile.ts";

/** What a host's kernel and hardware can do for a guest's unit. */
export interface HostAbilities {
  /** Walks first stages of the guest over spaces of the host. */
  readonly nesting: boolean;
  /** Translates requests with PASID. */
  readonly pasid: boolean;
  /** Relays page requests and their answers. */
  readonly pageRequests: boolean;
  /** Notes which pages devices write. */
  readonly dirtyTracking: boolean;
  /** Bits of the addresses that a space maps, and of those that it maps to. */
  readonly inputBits: number;
  readonly hostBits: number;
  /** Levels of a first stage that it walks at most. */
  readonly firstStageLevels: 4 | 5;
  /** Its smallest page is 4 KiB. */
  readonly pages4k: boolean;
}

/** A host that can do everything that this model of calls knows. */
export const ableHost: HostAbilities = {
  nesting: true,
  pasid: true,
  pageRequests: true,
  dirtyTracking: true,
  inputBits: 57,
  hostBits: 52,
  firstStageLevels: 5,
  pages4k: true,
};

/** One thing that a unit offers and a host may lack, and what is said then. */
type Check = (profile: Profile, host: HostAbilities) => string | undefined;

const widest = (levels: Profile["levels"]): number => Math.max(0, ...levels) * 9 + 12;

const checks: readonly Check[] = [
  (_, { pages4k }) =>
    pages4k ? undefined : "the host has no pages of 4 KiB, and a guest may map single ones",
  ({ haw }, { hostBits }) =>
    haw > hostBits
      ? `guest addresses are ${haw.toString()} bits wide, the host's ${hostBits.toString()}`
      : undefined,
  ({ mgaw, levels }, { inputBits }) => {
    const bits = Math.min(mgaw, widest(levels));
    const offered = `second stages of ${bits.toString()} bits are offered`;
    return bits > inputBits ? `${offered}, the host maps ${inputBits.toString()}` : undefined;
  },
  ({ cachingMode, flts }) =>
    cachingMode || flts
      ? undefined
      : "without caching mode (CAP.CM) second stages cannot be shadowed, and there is no other",
  ({ flts }, { nesting }) =>
    flts && !nesting ? "first stages (ECAP.FSTS) are offered, the host cannot nest" : undefined,
  ({ flts, firstStage5 }, { firstStageLevels }) =>
    flts && firstStage5 && firstStageLevels < 5
      ? "first stages of 5 levels (CAP.FS5LP) are offered, the host walks 4"
      : undefined,
  ({ pasid }, host) =>
    pasid && !host.pasid ? "PASIDs (ECAP.PASID) are offered, the host has none" : undefined,
  ({ pageRequests }, host) =>
    pageRequests && !host.pageRequests
      ? "page requests (ECAP.PRS) are offered, the host relays none"
      : undefined,
];

/**
 * Why a host cannot serve physical devices of a unit, each reason in one line; none when it can.
 * What a unit offers is known when it is created: it is refused then, and not when a guest uses it.
 */
export const hostRefusal = (profile: Profile, host: HostAbilities): readonly string[] =>
  checks.flatMap((check) => check(profile, host) ?? []);
