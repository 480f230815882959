import fc from "fast-check";
import type { Input } from "../../events/input.ts";
import { impossible } from "../../events/input-check.ts";
import { profileOf } from "../../events/profile/profile.ts";
import type { GuestSetup, Setup } from "../../events/setup.ts";
import { anyInput } from "../arbitrary/event.ts";
import type { BootPlan } from "./boot.ts";
import { boot, settle, writeLegacy } from "./boot.ts";
import { chance } from "./capability.ts";
import { bootPageRequests } from "./device-commands.ts";
import type { Driver, Manner } from "./driver.ts";
import { newDriver, pick } from "./driver.ts";
import { hostAffairs, isHostsTurn } from "./host-commands.ts";
import * as interrupt from "./interrupt-commands.ts";
import { kindCount, kindsOf } from "./kinds.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import * as mapping from "./mapping-commands.ts";
import { oddKindsOf } from "./odd-kinds.ts";
import * as outside from "./outside-commands.ts";
import { writeScalable } from "./scalable-boot.ts";
import { anyGuests } from "./setup.ts";

/** A world and what happens in it: all that a fold needs. */
export interface Program {
  readonly setup: Setup;
  readonly inputs: readonly Input[];
}

/** Out of a hundred announcements: how many are proper, and how many proper or too narrow. */
const temperaments = {
  ruleFollowing: [100, 100],
  careless: [60, 80],
  malicious: [25, 50],
} as const;
type Temperament = keyof typeof temperaments;

interface Drawn extends Draw {
  readonly kind: number;
  readonly guest: number;
  readonly luck: number;
}

const small = fc.noBias(fc.nat(0xffff));
const anyDrawn: fc.Arbitrary<Drawn> = fc.record({
  kind: small,
  guest: small,
  luck: fc.noBias(fc.nat(99)),
  where: small,
  what: small,
  how: small,
  extra: small,
  word: fc.noBias(fc.bigInt(0n, (1n << 64n) - 1n)),
});

/** An IOVA page from its index at each level; the upper ones are mostly shared. */
const anyPage = fc
  .tuple(
    fc.constantFrom(...new Array<number>(20).fill(0), 1, 511),
    fc.constantFrom(...new Array<number>(12).fill(0), 1, 511),
    fc.constantFrom(0, 0, 0, 1, 3, 511),
    fc.constantFrom(0, 0, 1, 503, 511),
    fc.constantFrom(0, 1, 2, 3, 511),
  )
  .map((indices) => indices.reduce((page, index) => page * 512 + index, 0));

const anyBoot: fc.Arbitrary<BootPlan> = fc.record({
  queued: chance(90),
  translate: chance(95),
  unmask: chance(60),
  domains: fc.array(small, { minLength: 5, maxLength: 5 }),
  maps: fc.array(small, { minLength: 2, maxLength: 8, size: "max" }),
  bindings: fc.array(small, { minLength: 4, maxLength: 8, size: "max" }),
});

const everyKind = (1n << BigInt(kindCount)) - 1n;

function mannerOf(temperament: Temperament, luck: number): Manner {
  const [proper, narrow] = temperaments[temperament];
  return luck < proper ? "proper" : luck < narrow ? "narrow" : "none";
}

const leastInputs = 60;

/**
 * The IOVA pages of a driver. In scalable mode the first GiB holds what maps to itself, and all but
 * the first one lie elsewhere.
 */
const poolOf = (setup: GuestSetup, pages: readonly number[]): readonly number[] =>
  profileOf(setup).smts
    ? pages.map((page, index) => (index > 0 && page < 2 ** 18 ? page + 2 ** 20 : page))
    : pages;

/** Boots a driver, mostly in scalable mode if its unit has that, and maps some of its pages. */
function begin(driver: Driver, plan: BootPlan): void {
  driver.isScalable = driver.profile.smts && (plan.domains[4] ?? 0) % 8 !== 7;
  if (driver.isScalable) writeScalable(driver, plan);
  else writeLegacy(driver, plan);
  if (driver.profile.smts) bootPageRequests(driver, plan.domains[3] ?? 0);
  boot(driver, plan);
  if (driver.profile.interruptRemapping) interrupt.interruptBoot(driver, plan.maps);
  for (const draw of driver.isScalable ? plan.maps.slice(0, 3) : plan.maps) {
    const how = draw >> 8;
    mapping.map(driver, { where: draw & 31, what: draw >> 4, how, extra: how, word: 0n }, "proper");
  }
  settle(driver, plan.domains[1] ?? 0);
}

/** Fills up with DMA to the least number of inputs. */
function pad(drivers: readonly Driver[], inputs: readonly Input[]): void {
  for (let turn = inputs.length; turn < leastInputs; turn++) {
    const driver = pick(drivers, turn);
    const draw = { where: turn, what: turn >> 1, how: turn, extra: turn, word: 0n };
    outside.dma(driver, draw, "proper");
  }
}

/** Which programs are wanted. */
export interface Wanted {
  readonly guests: fc.Arbitrary<readonly GuestSetup[]>;
  /** Kinds of command that no driver is to draw. */
  readonly without: ReadonlySet<Command>;
  /**
   * Whether a malicious world has inputs of any kind strewn in, and each world ends with odd forms
   * of descriptors and entries.
   */
  readonly strange: boolean;
}

const oddEnd = fc.array(anyDrawn, { minLength: 2, maxLength: 6, size: "max" });

/**
 * Random worlds of some guests with at least 60 inputs: a swarm of kinds of command, in one of
 * three temperaments.
 */
export const programsOf = (wanted: Wanted): fc.Arbitrary<Program> =>
  fc
    .record({
      guests: wanted.guests,
      boots: fc.tuple(anyBoot, anyBoot),
      pools: fc.tuple(
        fc.array(anyPage, { minLength: 3, maxLength: 7 }),
        fc.array(anyPage, { minLength: 3, maxLength: 7 }),
      ),
      temperament: fc.constantFrom<Temperament>(
        ...(["ruleFollowing", "careless", "careless", "malicious"] as const),
      ),
      swarm: fc.oneof(fc.constant(everyKind), fc.noBias(fc.bigInt(0n, everyKind))),
      drawn: fc.array(anyDrawn, { minLength: 30, maxLength: 70, size: "max" }),
      strange: fc.array(fc.tuple(small, anyInput), { maxLength: wanted.strange ? 3 : 0 }),
      odd: wanted.strange ? oddEnd : fc.constant([]),
    })
    .map(({ guests, boots, pools, temperament, swarm, drawn, strange, odd }) => {
      const inputs: Input[] = [];
      const drivers = guests.map((setup, index) =>
        newDriver(index, setup, poolOf(setup, pools[index] ?? pools[0]), inputs),
      );
      for (const [index, driver] of drivers.entries()) begin(driver, boots[index] ?? boots[0]);
      const commandsOf = kindsOf(swarm, temperament === "ruleFollowing", wanted.without);
      for (const draw of drawn) {
        const driver = pick(drivers, draw.guest);
        pick(commandsOf(driver), draw.kind)(driver, draw, mannerOf(temperament, draw.luck));
        settle(driver, draw.luck);
        if (isHostsTurn(draw) && !wanted.without.has(hostAffairs)) {
          hostAffairs(driver, draw, "proper");
        }
      }
      if (temperament === "malicious" && wanted.strange) {
        for (const [where, input] of strange) {
          if (impossible(input) === undefined) inputs.splice(where % inputs.length, 0, input);
        }
      }
      for (const draw of odd) {
        const driver = pick(drivers, draw.guest);
        const kinds = oddKindsOf(driver, temperament === "ruleFollowing", wanted.without);
        if (kinds.length > 0) pick(kinds, draw.kind)(driver, draw, "proper");
      }
      pad(drivers, inputs);
      return { setup: { guests: [...guests] }, inputs };
    });

/** A random world of one or two guests, with commands of every kind. */
export const anyProgram: fc.Arbitrary<Program> = programsOf({
  guests: anyGuests,
  without: new Set(),
  strange: true,
});
