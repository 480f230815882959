import { ContextEntry } from "../../events/context-entry.ts";
import type { Levels } from "../../events/profile.ts";
import { RootEntry } from "../../events/root-entry.ts";
import { at } from "../../projections/registers.ts";
import { arena, sources } from "./arena.ts";
import type { Domain, Driver } from "./driver.ts";
import { emit, pick, writeRegister, writeWord } from "./driver.ts";
import { takeTable } from "./tables.ts";

/** GCMD bits by name. */
export const commandBits = {
  te: 0x8000_0000,
  srtp: 0x4000_0000,
  wbf: 0x0800_0000,
  qie: 0x0400_0000,
  ire: 0x0200_0000,
  sirtp: 0x0100_0000,
} as const;

/** Writes GCMD: the levels as they are to be, and one-shot bits. */
export function command(driver: Driver, set: number, clear = 0): void {
  const oneShot = commandBits.srtp | commandBits.wbf | commandBits.sirtp;
  const value = ((driver.command & ~clear) | set) >>> 0;
  driver.command = (value & ~oneShot) >>> 0;
  writeRegister(driver, at.gcmd, 4, BigInt(value));
}

const contextTableOf = (source: number): number => pick(arena.contexts, (source >> 8) % 3);

/** The GPA of a source-id's context entry. */
export const contextAddress = (source: number): number =>
  contextTableOf(source) * 4096 + (source & 0xff) * 16;

/** What the fields of a context entry are to be. */
export interface Attachment {
  readonly tt: number;
  readonly fpd: boolean;
  readonly present: boolean;
  /** Bits set on top, reserved ones for instance. */
  readonly extra: bigint;
}

/** Writes a context entry: upper half first when it becomes present, lower half first otherwise. */
export function writeContext(
  driver: Driver,
  source: number,
  domain: Domain,
  { tt, fpd, present, extra }: Attachment,
): void {
  const word =
    extra |
    ContextEntry.encode({
      present,
      fpd,
      tt: tt & 3,
      ssptptr: BigInt(domain.root) << 12n,
      aw: domain.levels - 2,
      did: domain.did,
    });
  const address = contextAddress(source);
  const halves = [
    [address + 8, BigInt.asUintN(64, word >> 64n)],
    [address, BigInt.asUintN(64, word)],
  ] as const;
  for (const [where, value] of present ? halves : halves.toReversed()) {
    writeWord(driver, where, value);
  }
  driver.attached.set(source, domain.did);
}

/** The domain of an id; tables that it lacks are begun. */
export function domainOf(driver: Driver, did: number, draw: number): Domain {
  const known = driver.domains.get(did);
  if (known !== undefined) return known;
  const choices: readonly Levels[] = [...driver.profile.levels];
  const domain = { did, root: takeTable(driver), levels: pick(choices, draw) };
  driver.domains.set(did, domain);
  return domain;
}

/**
 * How a guest's driver starts: which devices are in which domain, and whether it uses the queue.
 */
export interface BootPlan {
  readonly queued: boolean;
  readonly translate: boolean;
  readonly unmask: boolean;
  /** One draw a device. */
  readonly domains: readonly number[];
  /** One draw a page that is mapped once translation is on. */
  readonly maps: readonly number[];
}

const devices = [
  sources.first,
  sources.function4,
  sources.otherBus,
  sources.bridge,
  sources.virtual,
];

function writeRoots(driver: Driver): void {
  for (const bus of [0, 1, 2]) {
    const root = RootEntry.encode({ present: true, ctp: BigInt(contextTableOf(bus << 8)) << 12n });
    writeWord(driver, arena.roots[0] * 4096 + bus * 16, root);
  }
}

/** What a driver does at boot: tables, root pointer, queue, fault event, translation on. */
export function boot(driver: Driver, plan: BootPlan): void {
  writeRoots(driver);
  for (const [index, source] of devices.entries()) {
    const draw = plan.domains[index] ?? 0;
    if (draw % 8 === 7) continue;
    const domain = domainOf(driver, 1 + ((draw >> 4) % 5 === 0 ? 1 : 0), draw);
    const tt = driver.profile.passThrough && draw % 16 === 6 ? 2 : 0;
    writeContext(driver, source, domain, { tt, fpd: draw % 16 === 5, present: true, extra: 0n });
  }
  if (plan.unmask) writeRegister(driver, at.fectl, 4, 0n);
  writeRegister(driver, at.rtaddr, 8, BigInt(arena.roots[0]) << 12n);
  command(driver, commandBits.srtp);
  if (plan.queued && driver.profile.queued) {
    writeRegister(driver, at.iqa, 8, BigInt(arena.queue) << 12n);
    writeRegister(driver, at.iqt, 8, 0n);
    command(driver, commandBits.qie);
    driver.tail = 0;
  }
  if (plan.translate) command(driver, commandBits.te);
  emit(driver, { type: "Note", text: "booted" });
}
