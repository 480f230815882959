import fc from "fast-check";
import type { Input } from "../../../events/input.ts";
import { Rtaddr } from "../../../events/registers/command.ts";
import { at } from "../../../events/registers/offset.ts";
import { arena, requesters } from "../arena.ts";
import { command, commandBits, placeQueue } from "../boot.ts";
import { chance, extendedWords } from "../capability.ts";
import { deviceAnswer, recoverQueue } from "../device-commands.ts";
import type { Driver, Manner } from "../driver.ts";
import { emit, newDriver, pick, writeRegister } from "../driver.ts";
import type { Command, Draw } from "../mapping-commands.ts";
import * as outside from "../outside-commands.ts";
import type { Program } from "../program.ts";
import { clearFaults, eventLine } from "../register-commands.ts";
import { guestsWith } from "../setup.ts";
import * as own from "./commands.ts";
import * as requests from "./requests.ts";
import { contextFrom, writeContext, writeTables } from "./tables.ts";

/** Kinds of command, as often as they are drawn. */
const kinds: readonly (readonly [number, Command])[] = [
  [16, requests.dma],
  [5, own.first],
  [4, own.bind],
  [4, own.second],
  [4, own.context],
  [3, requests.ats],
  [3, requests.pageRequest],
  [2, requests.pageResponse],
  [2, requests.pageQueue],
  [2, own.deviceTlb],
  [2, own.announceAll],
  [1, own.oddDescriptor],
  [2, outside.complete],
  [1, outside.p2mUnmap],
  [1, outside.p2mProtect],
  [1, outside.p2mMap],
  [1, outside.p2mRenew],
  [1, outside.answer],
  [1, deviceAnswer],
  [1, recoverQueue],
  [1, clearFaults],
  [1, eventLine],
  [3, requests.hostAffairs],
];
const drawnKinds = kinds.flatMap(([count, kind]) => new Array<Command>(count).fill(kind));

const small = fc.noBias(fc.nat(0xffff));
interface Drawn extends Draw {
  readonly kind: number;
  readonly guest: number;
  readonly luck: number;
}
const anyDrawn: fc.Arbitrary<Drawn> = fc.record({
  ...{ kind: small, guest: small, luck: fc.noBias(fc.nat(99)) },
  ...{ where: small, what: small, how: small, extra: small },
  word: fc.noBias(fc.bigInt(0n, (1n << 64n) - 1n)),
});

/** Out of a hundred announcements: how many are proper, and how many proper or too narrow. */
const temperaments = [
  [100, 100],
  [70, 85],
  [40, 60],
] as const;

function mannerOf([proper, narrow]: readonly [number, number], luck: number): Manner {
  return luck < proper ? "proper" : luck < narrow ? "narrow" : "none";
}

/** Writes tables, and turns translation on with RTT. */
function boot(driver: Driver, draws: readonly number[]): void {
  writeTables(driver, draws);
  for (const [index, source] of requesters.entries()) {
    const draw = draws[index] ?? 0;
    if (draw % 9 !== 8) writeContext(driver, source, contextFrom(driver, draw % 280, draw >> 4));
  }
  const [root] = arena.scalableRoots;
  const { extended } = Rtaddr.fields.ttm.names;
  writeRegister(driver, at.rtaddr, 8, Rtaddr.encode({ rta: BigInt(root) << 12n, ttm: extended }));
  command(driver, commandBits.srtp);
  placeQueue(driver, 0);
  writeRegister(driver, at.iqt, 8, 0n);
  command(driver, commandBits.qie);
  if (driver.profile.pageRequests) {
    const pqa = BigInt(arena.pageRequests) << 12n;
    writeRegister(driver, at.pqa, 8, pqa);
    writeRegister(driver, at.pqh, 8, 16n * BigInt(1 + ((draws[3] ?? 0) % 4)));
    writeRegister(driver, at.pectl, 4, 0n);
  }
  if ((draws[4] ?? 0) % 3 !== 0) writeRegister(driver, at.fectl, 4, 0n);
  command(driver, commandBits.te);
  emit(driver, { type: "Note", text: "booted" });
}

/** A random world of one or two guests whose units work by extended contexts. */
export const anyExtendedProgram: fc.Arbitrary<Program> = fc
  .record({
    guests: guestsWith(extendedWords),
    boots: fc.tuple(
      fc.array(small, { minLength: 8, maxLength: 10, size: "max" }),
      fc.array(small, { minLength: 8, maxLength: 10, size: "max" }),
    ),
    temperament: fc.constantFrom(...temperaments),
    drawn: fc.array(anyDrawn, { minLength: 25, maxLength: 60, size: "max" }),
    again: chance(10),
  })
  .map(({ guests, boots, temperament, drawn, again }) => {
    const inputs: Input[] = [];
    const drivers = guests.map((setup, index) => newDriver(index, setup, [0, 1, 2, 24], inputs));
    for (const [index, driver] of drivers.entries()) boot(driver, boots[index] ?? boots[0]);
    for (const draw of drawn) {
      const driver = pick(drivers, draw.guest);
      pick(drawnKinds, draw.kind)(driver, draw, mannerOf(temperament, draw.luck));
    }
    const [driver] = drivers;
    if (again && driver !== undefined) {
      command(driver, 0, commandBits.te);
      command(driver, commandBits.te);
    }
    return { setup: { guests: [...guests] }, inputs };
  });
