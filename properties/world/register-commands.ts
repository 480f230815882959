import { gpa } from "../../events/address.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { Fectl, Fsts } from "../../events/registers/event-line.ts";
import { at } from "../../events/registers/offset.ts";
import { Pmen } from "../../events/registers/protected-memory.ts";
import { registersOf } from "../../projections/registers/registers.ts";
import { arena } from "./arena.ts";
import { command, commandBits, placeQueue, rootPointer, rootsOf } from "./boot.ts";
import {
  clearFaultRecord,
  emit,
  pick,
  readRegister,
  wordAt,
  writeRegister,
  writeWord,
} from "./driver.ts";
import type { Command } from "./mapping-commands.ts";
import { submit, usesQueue, waitWord } from "./queue.ts";

/** Turns translation, the queue or interrupt remapping on or off, or sets a root pointer. */
export const toggle: Command = (driver, draw) => {
  const { te, qie, srtp, wbf, ire, sirtp } = commandBits;
  const bit = pick([te, srtp, qie, wbf, te, sirtp, ire], draw.how);
  if (bit === srtp) {
    const root = pick(rootsOf(driver), draw.what);
    const mode = draw.extra % 9 === 8 ? BigInt(draw.what % 4) << 10n : 0n;
    if (draw.extra % 3 === 0) copyRoots(driver);
    writeRegister(driver, at.rtaddr, 8, rootPointer(driver, root) | mode);
  }
  const on = (driver.command & bit) >>> 0 !== 0;
  if (bit === qie && on && draw.what % 2 === 0) submit(driver, [waitWord(7, 7)]);
  if (bit === qie && !on) {
    const { tail } = driver;
    placeQueue(driver, draw.extra);
    driver.tail = 0;
    writeRegister(driver, at.iqt, 8, draw.what % 5 === 4 ? BigInt(tail) : 0n);
  }
  if (on && draw.extra % 8 !== 7) command(driver, 0, bit);
  else command(driver, bit);
};

/** Gives the second root table the entries of the first, or others. */
function copyRoots(driver: Parameters<Command>[0]): void {
  const [from = 0, to = 0] = rootsOf(driver);
  for (const bus of [0, 1, 2]) {
    const word = wordAt(driver, from * 4096 + bus * 16);
    writeWord(driver, to * 4096 + bus * 16, bus === 2 ? 0n : word);
  }
}

const { pfo, iqe, ice, ite } = masksOf(Fsts);
const masked = Fectl.mask("im");

/** Clears fault records and fault status: all, some, none of them set. */
export const clearFaults: Command = (driver, draw) => {
  const { nfr } = driver.profile;
  const index = draw.where % nfr;
  if (draw.how % 3 !== 0) clearFaultRecord(driver, index);
  if (draw.how % 3 === 2) clearFaultRecord(driver, (index + 1) % nfr, 8);
  if (draw.how % 2 === 0)
    writeRegister(
      driver,
      at.fsts,
      4,
      pick([pfo | iqe | ice | ite, iqe | ice | ite, pfo, iqe, iqe | ice, iqe | ite], draw.extra),
    );
};

/** Masks an event line, or unmasks both and waits twice; clears ICS, sets what a message is. */
export const eventLine: Command = (driver, draw) => {
  const lines = [at.fectl, at.iectl];
  const line = pick(lines, draw.where);
  const address = (BigInt(draw.extra % 4) << 32n) | 0xfee0_0000n | BigInt(draw.extra);
  const choices = [
    () => {
      for (const each of lines) {
        writeRegister(driver, each + 8, 8, address);
        writeRegister(driver, each, 4, 0n);
      }
      const wait = waitWord(7, draw.extra, true);
      if (usesQueue(driver)) submit(driver, [wait, wait]);
    },
    () => writeRegister(driver, line, 4, masked),
    () => writeRegister(driver, at.ics, 4, 1n),
    () => writeRegister(driver, line + 4, 4, BigInt(draw.extra)),
    () => writeRegister(driver, line + 8, 8, address),
    () => writeRegister(driver, line + 3, 1, draw.extra % 2 === 0 ? 0n : masked >> 24n),
  ];
  pick(choices, draw.how)();
};

/** Reads or writes registers at any size and alignment. */
export const registers: Command = (driver, draw) => {
  const { specs } = registersOf(driver.profile);
  const quiet = specs.filter(({ offset }) => offset !== at.gcmd && offset !== at.ccmd);
  const spec = pick(draw.how % 5 === 4 ? specs : quiet, draw.where);
  const size = pick([4, 8, 1, 2, 3, 5, 6, 7], draw.what);
  const offset = Math.min(
    4095,
    spec.offset + (draw.extra % spec.bytes) - (draw.how % 13 === 12 ? 2 : 0),
  );
  if (draw.how % 2 === 0) readRegister(driver, Math.max(0, offset), size);
  else {
    const value = BigInt.asUintN(size * 8, draw.how % 3 === 0 ? 0xffff_ffff_ffff_ffffn : draw.word);
    writeRegister(driver, Math.max(0, offset), size, value);
  }
};

/** Protected memory: a range that holds data or tables, on or off. */
export const protectMemory: Command = (driver, draw) => {
  if (draw.how % 2 === 0) {
    writeRegister(driver, at.plmbase, 4, BigInt(draw.what % 4) << 21n);
    writeRegister(driver, at.plmlimit, 4, BigInt(draw.extra % 8) << 21n);
  }
  writeRegister(driver, at.pmen, 4, draw.how % 3 === 0 ? 0n : Pmen.mask("epm"));
};

/** Makes lines that the CPU wrote visible: a page, one line, or everything. */
export const flushCache: Command = (driver, draw) => {
  const page = pick([...arena.tables, ...arena.contexts, arena.queue], draw.where);
  const length = pick([4096n, 64n, 1n, 0n, 1n << 40n], draw.how);
  emit(driver, { type: "CacheFlush", gpa: gpa(BigInt(page) << 12n), length });
};
