import { ContextEntry } from "../../events/context/context-entry.ts";
import { RootEntry } from "../../events/context/root-entry.ts";
import type { Levels } from "../../events/profile/profile.ts";
import { Gcmd, Rtaddr } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import { Iqa } from "../../events/registers/queue.ts";
import { arena, requesters } from "./arena.ts";
import type { Domain } from "./belief.ts";
import type { Driver } from "./driver.ts";
import { emit, pick, writeRegister, writeWord } from "./driver.ts";
import { takeTable } from "./tables.ts";

/** GCMD bits by name. */
export const commandBits = {
  te: Number(Gcmd.mask("te")),
  srtp: Number(Gcmd.mask("srtp")),
  wbf: Number(Gcmd.mask("wbf")),
  qie: Number(Gcmd.mask("qie")),
  ire: Number(Gcmd.mask("ire")),
  sirtp: Number(Gcmd.mask("sirtp")),
  cfi: Number(Gcmd.mask("cfi")),
} as const;

/** Writes GCMD: the levels as they are to be, and one-shot bits. */
export function command(driver: Driver, set: number, clear = 0): void {
  const oneShot = commandBits.srtp | commandBits.wbf | commandBits.sirtp;
  const value = ((driver.command & ~clear) | set) >>> 0;
  driver.command = (value & ~oneShot) >>> 0;
  writeRegister(driver, at.gcmd, 4, BigInt(value));
}

/** What a driver of a unit with a write buffer does once it has written: mostly, it flushes it. */
export function settle(driver: Driver, draw: number): void {
  if (!driver.isBuffered || draw % 4 === 3) return;
  driver.isBuffered = false;
  command(driver, commandBits.wbf);
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
  const widths: readonly Levels[] = [...driver.profile.levels];
  const choices: readonly Levels[] = widths.length === 0 ? [4] : widths;
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
  /** One draw a PASID entry. */
  readonly bindings: readonly number[];
}

function writeRoots(driver: Driver): void {
  for (const bus of [0, 1, 2]) {
    const root = RootEntry.encode({ present: true, ctp: BigInt(contextTableOf(bus << 8)) << 12n });
    writeWord(driver, arena.roots[0] * 4096 + bus * 16, root);
  }
}

/** Writes all tables of legacy mode. */
export function writeLegacy(driver: Driver, plan: BootPlan): void {
  writeRoots(driver);
  for (const [index, source] of requesters.entries()) {
    const draw = plan.domains[index] ?? 0;
    if (draw % 8 === 7) continue;
    const domain = domainOf(driver, 1 + ((draw >> 4) % 5 === 0 ? 1 : 0), draw);
    const { passThrough, deviceTlb } = driver.profile;
    const tt = passThrough && draw % 16 === 6 ? 2 : deviceTlb && draw % 4 !== 3 ? 1 : 0;
    writeContext(driver, source, domain, { tt, fpd: draw % 16 === 5, present: true, extra: 0n });
  }
}

/** RTADDR for a root table in the mode that the driver works in. */
export const rootPointer = (driver: Driver, root: number): bigint =>
  Rtaddr.encode({
    rta: BigInt(root) << 12n,
    ttm: Rtaddr.fields.ttm.names[driver.isScalable ? "scalable" : "legacy"],
  });

/** The root tables of the mode that the driver works in. */
export const rootsOf = (driver: Driver): readonly number[] =>
  driver.isScalable ? arena.scalableRoots : arena.roots;

/** Writes IQA: the queue's place is always the same. */
export const writeQueueAddress = (driver: Driver, dw: boolean): void =>
  writeRegister(driver, at.iqa, 8, Iqa.encode({ iqa: BigInt(arena.queue) << 12n, dw }));

/** Sets where the queue is, and how wide its descriptors are; `draw` may make them narrow. */
export function placeQueue(driver: Driver, draw: number): void {
  driver.step = driver.profile.smts && draw % 16 !== 15 ? 32 : 16;
  writeQueueAddress(driver, driver.step === 32);
}

/** What a driver does once its tables are there: root pointer, queue, fault event, translation. */
export function boot(driver: Driver, plan: BootPlan): void {
  if (plan.unmask) writeRegister(driver, at.fectl, 4, 0n);
  settle(driver, plan.domains[2] ?? 0);
  writeRegister(driver, at.rtaddr, 8, rootPointer(driver, pick(rootsOf(driver), 0)));
  command(driver, commandBits.srtp);
  if (plan.queued && driver.profile.queued) {
    placeQueue(driver, plan.domains[0] ?? 0);
    writeRegister(driver, at.iqt, 8, 0n);
    command(driver, commandBits.qie);
    driver.tail = 0;
  }
  if (plan.translate) command(driver, commandBits.te);
  emit(driver, { type: "Note", text: "booted" });
}
