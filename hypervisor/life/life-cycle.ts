import type { FactOf, OperationResult } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { ProfileError } from "../../events/profile/profile-check.ts";
import { Ecap } from "../../events/registers/capability.ts";
import type { LifeCycleStimulus } from "../../machines/life/life-cycle.ts";
import { lifeCycle } from "../../machines/life/life-cycle.ts";
import type { Guest } from "../../projections/guest.ts";
import { drain } from "../device/in-flight.ts";
import { refreshAllHosts } from "../host/attach.ts";
import type { Turn } from "../turn.ts";
import { advance, guestIn } from "../turn.ts";

type Create = InputOf<"UnitCreate">;

/** The one capability of the posted interfaces. */
export const interruptRemappingCap = 1n;

/** Tells the life cycle's chart; the facts are what it answers. */
export const stepLife = (turn: Turn, stimulus: LifeCycleStimulus): void =>
  advance(turn, lifeCycle, guestIn(turn).charts.life, stimulus);

/** What the interfaces call Intel's unit: none at first, then a bit, then a number. */
function isKnownType({ interface: posted, unitType }: Create | InputOf<"UnitQuery">): boolean {
  if (posted === "rfc1") return unitType === undefined;
  if (posted === "v2") return unitType === 1n;
  return unitType === 0n || (posted === undefined && unitType === undefined);
}

/** Versions 1 and 2 say how long the register page is; later ones do not. */
function isLengthRight({ interface: posted, length }: Create): boolean {
  if (length === undefined) return posted !== "rfc1" && posted !== "v2";
  return (posted === undefined || posted < "v3") && length > 0n && length % 4096n === 0n;
}

/** The unit's capabilities, or `undefined` when they cannot be. */
function profileFor(guest: Guest, input: Create): Profile | undefined {
  const { offered } = guest;
  const { ver = offered.ver, cap = offered.cap, ecap = offered.ecap, caps } = input;
  const remaps = (caps & interruptRemappingCap) !== 0n;
  const without = ecap & ~(Ecap.mask("ir") | Ecap.mask("eim"));
  try {
    const words = { ver, cap, ecap: remaps ? ecap : without, haw: offered.haw };
    const profile = profileOf(words);
    return remaps && !profile.interruptRemapping ? undefined : profile;
  } catch (error) {
    if (error instanceof ProfileError) return undefined;
    throw error;
  }
}

/**
 * What is wrong with a request to create a unit, and else the unit. Order of checks: type, base,
 * length, capabilities.
 */
function unitFor(guest: Guest, input: Create): Omit<FactOf<"UnitCreated">, "type"> | undefined {
  const { base, caps } = input;
  if (!isKnownType(input) || !isLengthRight(input)) return undefined;
  if (base % 4096n !== 0n || base >> BigInt(guest.offered.haw) !== 0n) return undefined;
  if ((caps & ~interruptRemappingCap) !== 0n) return undefined;
  const profile = profileFor(guest, input);
  if (profile === undefined) return undefined;
  return { base, ver: profile.ver, cap: profile.cap, ecap: profile.ecap };
}

/**
 * The toolstack asks for a unit.
 *
 * Reading: that there is one already is found before anything else is looked at; whatever else is
 * wrong is -EINVAL.
 */
export function createUnit(turn: Turn, input: Create): void {
  const created = unitFor(guestIn(turn), input);
  const failure: OperationResult | undefined = created === undefined ? "-EINVAL" : undefined;
  stepLife(turn, { type: "Create", failure, created });
}

/** The toolstack asks what a unit may have; versions 3 and 4 know no such operation. */
export function queryUnit(turn: Turn, input: InputOf<"UnitQuery">): void {
  const { offered } = guestIn(turn);
  const unknown = input.interface === "v3" || input.interface === "v4";
  const failure = unknown ? "-ENOSYS" : isKnownType(input) ? undefined : "-EINVAL";
  const caps = offered.interruptRemapping ? interruptRemappingCap : 0n;
  stepLife(turn, { type: "Query", failure, caps });
}

/**
 * The unit goes: what it had in flight has landed, devices reach what the P2M grants.
 *
 * Reading: version 4 of the interface destroys a unit with its domain alone; there is no operation.
 */
export function destroyUnit(turn: Turn, input: InputOf<"UnitDestroy">): void {
  const unknown = input.interface === "v4";
  const failure = unknown ? "-ENOSYS" : (input.id ?? 0n) === 0n ? undefined : "-EINVAL";
  const there = guestIn(turn).charts.life === "present";
  if (there && failure === undefined) drain(turn, () => true);
  stepLife(turn, { type: "Destroy", failure });
  if (!there || failure !== undefined) return;
  refreshAllHosts(turn);
}

/**
 * The unit is as after power-on; memory, P2M and devices stay, and devices reach what the P2M
 * grants.
 */
export function resetUnit(turn: Turn): void {
  const there = guestIn(turn).charts.life === "present";
  if (there) drain(turn, () => true);
  stepLife(turn, { type: "Reset" });
  if (there) refreshAllHosts(turn);
}

/** What the bus answers where nothing does. */
export const allOnes = (bytes: number): bigint => BigInt.asUintN(bytes * 8, ~0n);
