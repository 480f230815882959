import fc from "fast-check";
import type { Input } from "../../events/input.ts";
import type { Setup } from "../../events/setup.ts";
import { anyInput } from "../arbitrary/event.ts";
import type { BootPlan } from "./boot.ts";
import { boot } from "./boot.ts";
import { chance } from "./capability.ts";
import type { Driver, Manner } from "./driver.ts";
import { newDriver, pick } from "./driver.ts";
import * as interrupt from "./interrupt-commands.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import * as mapping from "./mapping-commands.ts";
import * as outside from "./outside-commands.ts";
import * as register from "./register-commands.ts";
import { anyGuests } from "./setup.ts";
import * as toolstack from "./toolstack-commands.ts";
import * as unit from "./unit-commands.ts";

/** A world and what happens in it: all that a fold needs. */
export interface Program {
  readonly setup: Setup;
  readonly inputs: readonly Input[];
}

/** Each kind of command with how often it is drawn. */
const weighted: readonly (readonly [number, Command])[] = [
  [6, mapping.map],
  [3, mapping.unmap],
  [2, mapping.protect],
  [2, mapping.split],
  [2, mapping.relink],
  [1, mapping.scribble],
  [2, unit.context],
  [3, unit.invalidate],
  [1, unit.widen],
  [2, unit.batch],
  [1, unit.wrongDescriptor],
  [1, unit.fillRing],
  [1, unit.strayTail],
  [1, register.toggle],
  [2, register.clearFaults],
  [1, register.eventLine],
  [2, register.registers],
  [1, register.protectMemory],
  [1, register.flushCache],
  [9, outside.dma],
  [2, outside.issue],
  [2, outside.complete],
  [1, outside.msi],
  [2, interrupt.interruptTable],
  [5, interrupt.interruptEntry],
  [6, interrupt.interruptRequest],
  [2, interrupt.interruptInvalidation],
  [2, interrupt.postedDescriptor],
  [2, outside.p2mUnmap],
  [2, outside.p2mProtect],
  [3, outside.p2mMap],
  [1, outside.devices],
  [1, outside.answer],
  [1, outside.reset],
  [2, toolstack.life],
  [4, toolstack.ask],
];

/** Out of a hundred announcements: how many are proper, and how many proper or too narrow. */
const temperaments = {
  ruleFollowing: [100, 100],
  careless: [60, 80],
  malicious: [25, 50],
} as const;
type Temperament = keyof typeof temperaments;

/** Kinds that a driver who follows the rules does not do. */
const hostile: ReadonlySet<Command> = new Set<Command>([
  mapping.scribble,
  unit.wrongDescriptor,
  unit.strayTail,
]);

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
});

function allowed(temperament: Temperament, swarm: number): readonly Command[] {
  const kinds = weighted.filter(
    ([, kind], index) =>
      (index === 0 || kind === outside.dma || ((swarm >> (index % 31)) & 1) === 1) &&
      !(temperament === "ruleFollowing" && hostile.has(kind)),
  );
  return kinds.flatMap(([weight, kind]) => new Array<Command>(weight).fill(kind));
}

function mannerOf(temperament: Temperament, luck: number): Manner {
  const [proper, narrow] = temperaments[temperament];
  return luck < proper ? "proper" : luck < narrow ? "narrow" : "none";
}

const leastInputs = 60;

/** Boots a driver and maps some of its pages in its domains. */
function begin(driver: Driver, plan: BootPlan): void {
  boot(driver, plan);
  if (driver.profile.interruptRemapping) interrupt.interruptBoot(driver, plan.maps);
  for (const draw of plan.maps) {
    const how = draw >> 8;
    mapping.map(driver, { where: draw & 31, what: draw >> 4, how, extra: how, word: 0n }, "proper");
  }
}

/** Fills up with DMA to the least number of inputs. */
function pad(drivers: readonly Driver[], inputs: readonly Input[]): void {
  for (let turn = inputs.length; turn < leastInputs; turn++) {
    const driver = pick(drivers, turn);
    const draw = { where: turn, what: turn >> 1, how: turn, extra: turn, word: 0n };
    outside.dma(driver, draw, "proper");
  }
}

/**
 * A random world with at least 60 inputs: a swarm of kinds of command, in one of three
 * temperaments.
 */
export const anyProgram: fc.Arbitrary<Program> = fc
  .record({
    guests: anyGuests,
    boots: fc.tuple(anyBoot, anyBoot),
    pools: fc.tuple(
      fc.array(anyPage, { minLength: 3, maxLength: 7 }),
      fc.array(anyPage, { minLength: 3, maxLength: 7 }),
    ),
    temperament: fc.constantFrom<Temperament>("ruleFollowing", "careless", "careless", "malicious"),
    swarm: fc.oneof(fc.constant(0x7fffffff), fc.noBias(fc.nat(0x7fffffff))),
    drawn: fc.array(anyDrawn, { minLength: 30, maxLength: 70, size: "max" }),
    strange: fc.array(fc.tuple(small, anyInput), { maxLength: 3 }),
  })
  .map(({ guests, boots, pools, temperament, swarm, drawn, strange }) => {
    const inputs: Input[] = [];
    const drivers = guests.map((setup, index) =>
      newDriver(index, setup, pools[index] ?? pools[0], inputs),
    );
    for (const [index, driver] of drivers.entries()) begin(driver, boots[index] ?? boots[0]);
    const commands = allowed(temperament, swarm);
    for (const draw of drawn) {
      const driver = pick(drivers, draw.guest);
      pick(commands, draw.kind)(driver, draw, mannerOf(temperament, draw.luck));
    }
    if (temperament === "malicious") {
      for (const [where, input] of strange) inputs.splice(where % inputs.length, 0, input);
    }
    pad(drivers, inputs);
    return { setup: { guests: [...guests] }, inputs };
  });
