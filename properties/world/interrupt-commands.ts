import { iova, sourceId } from "../../events/address.ts";
import { RemappableAddress, RemappableRte } from "../../events/interrupt/interrupt-request.ts";
import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { InterruptEntryDescriptor } from "../../events/queue/descriptors.ts";
import { Irta } from "../../events/registers/interrupt-table.ts";
import { at } from "../../events/registers/offset.ts";
import { arena, deviceSources } from "./arena.ts";
import { command, commandBits } from "./boot.ts";
import type { Driver, Manner } from "./driver.ts";
import { bytesOf, emit, pick, writeBytes, writeRegister } from "./driver.ts";
import { descriptorAt, indices, ioapic, writeEntry } from "./interrupt-entries.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { submit, usesQueue, waitWord } from "./queue.ts";

function invalidateEntries(driver: Driver, index: number, draw: Draw): void {
  if (!usesQueue(driver)) return;
  const g = draw.extra % 5 === 4 ? 0 : 1;
  const im = pick([0, 0, 1, 2, 15], draw.extra >> 3);
  const type = descriptorTypes.interruptEntry;
  const word = InterruptEntryDescriptor.encode({ type, g, im, iidx: index });
  submit(driver, [word, waitWord(draw.extra, draw.what)]);
}

function announceEntry(driver: Driver, index: number, draw: Draw, manner: Manner): void {
  if (manner === "none") return;
  invalidateEntries(driver, manner === "narrow" ? index ^ 1 : index, draw);
}

/** Writes an interrupt entry and announces it. */
export const interruptEntry: Command = (driver, draw, manner) => {
  const index = pick(indices, draw.where);
  writeEntry(driver, draw, index);
  announceEntry(driver, index, draw, manner);
  if (draw.how % 2 === 0) askAgain(driver, draw, index);
};

/**
 * Sets the table: size, EIME and place by draw; turns remapping on, mostly; by draw between two
 * requests for an entry that has changed.
 */
export const interruptTable: Command = (driver, draw) => {
  const { ire, sirtp, cfi } = commandBits;
  const page = draw.how % 9 === 8 ? pick(arena.spare, draw.where) : arena.interrupts;
  const size = pick([6, 3, 2, 0, 15], draw.what);
  const eime = draw.extra % 3 === 0 ? Irta.mask("eime") : 0n;
  const index = pick(indices, draw.where);
  const meets = draw.how % 2 === 1;
  if (meets) {
    askAgain(driver, draw, index);
    writeEntry(driver, draw, index);
  }
  writeRegister(driver, at.irta, 8, (BigInt(page) << 12n) | eime | BigInt(size));
  command(driver, sirtp);
  if (draw.extra % 8 === 7) command(driver, 0, ire | cfi);
  else command(driver, ire | (draw.where % 2 === 0 ? cfi : 0));
  if (meets) askAgain(driver, draw, index);
};

/** A table and some entries, as a driver sets them up at boot. */
export function interruptBoot(driver: Driver, draws: readonly number[]): void {
  const [first = 0] = draws;
  if (first % 4 === 3) return;
  const draw = { where: first >> 2, what: 0, how: 0, extra: (first >> 5) % 7, word: 0n };
  interruptTable(driver, draw, "proper");
  for (const [index, one] of draws.entries()) {
    const word = BigInt(one) * 0x1_0001n;
    const entry = { where: index, what: one >> 3, how: one % 7, extra: one >> 2, word };
    if (one % 3 === 0)
      postedDescriptor(driver, { ...entry, how: pick([2, 2, 1, 4], one >> 5) }, "none");
    interruptEntry(driver, entry, "none");
    askAgain(driver, entry, pick(indices, index));
  }
}

/** Announces an index, whether it changed or not. */
export const interruptInvalidation: Command = (driver, draw) =>
  invalidateEntries(driver, pick(indices, draw.where), draw);

/** The CPU writes a posted descriptor: clears it, suppresses, changes its vector, spoils it. */
export const postedDescriptor: Command = (driver, draw) => {
  const place = descriptorAt(draw.where);
  const control = BigInt(draw.extra % 4) | (BigInt(draw.what & 0xff) << 16n);
  const flush = draw.what % 2 === 0;
  const spoilt = draw.extra % 3 === 0 ? draw.word : 0n;
  const choices = [
    () => writeBytes(driver, place, new Uint8Array(32), flush),
    () => writeBytes(driver, place + 32, bytesOf(control | (draw.word << 32n), 8), flush),
    () => writeBytes(driver, place + 32, bytesOf(2n, 1), flush),
    () => writeBytes(driver, place + 32, bytesOf(0n, 1), flush),
    () => writeBytes(driver, place + 40, bytesOf(spoilt, 8), true),
  ];
  pick(choices, draw.how)();
};

function remappable(draw: Draw, index: number): { address: bigint; data: number } {
  const shv = draw.how % 3 === 0;
  const sub = shv ? draw.extra % 3 : 0;
  const handle = (index - sub + 0x1_0000) % 0x1_0000;
  const address = RemappableAddress.encode({
    prefix: 0xfee,
    format: true,
    handle: handle & 0x7fff,
    handleHigh: handle > 0x7fff,
    shv,
    high: draw.extra % 23 === 22 ? 1 : 0,
  });
  const spoilt = draw.how % 19 === 18 ? 0x1_0000 : 0;
  return { address, data: shv ? sub + spoilt : draw.what };
}

/** A request for an entry: by MSI, by a device's write, or by the IOAPIC. */
function askAgain(driver: Driver, draw: Draw, index: number): void {
  const device = sourceId(pick(deviceSources, draw.what + (draw.extra % 7 === 6 ? 1 : 0)));
  const { address, data } = remappable(draw, index);
  const choices = [
    () => emit(driver, { type: "MsiRequest", device, address, data }),
    () => emit(driver, { type: "MsiRequest", address, data }),
    () => {
      const spoilt = draw.how % 13 === 12 ? 1 << (17 + (draw.extra % 14)) : 0;
      const low = BigInt(spoilt >>> 0) | BigInt(draw.what & 0xff);
      const rte = RemappableRte.encode({ index: index & 0x7fff, indexHigh: index > 0x7fff });
      const word = rte | RemappableRte.mask("format") | low;
      emit(driver, { type: "IoapicRequest", device: sourceId(ioapic), rte: word });
    },
    () => {
      const bytes = bytesOf(BigInt(data), 4);
      const place = iova(BigInt.asUintN(32, address));
      emit(driver, { type: "Dma", device, iova: place, access: "write", length: 4, bytes });
    },
  ];
  pick(choices, draw.extra)();
}

/** An interrupt request: mostly remappable, for an entry of the table or one beyond it. */
export const interruptRequest: Command = (driver, draw) => {
  if (draw.how % 9 === 8) {
    const device = sourceId(pick(deviceSources, draw.what));
    const address = 0xfee0_0000n | BigInt(draw.extra & 0xfffec);
    emit(driver, { type: "MsiRequest", device, address, data: draw.where });
    return;
  }
  if (draw.how % 11 === 10) {
    emit(driver, { type: "IoapicRequest", device: sourceId(ioapic), rte: draw.word });
    return;
  }
  const index = draw.extra % 13 === 12 ? draw.where : pick(indices, draw.where);
  askAgain(driver, draw, index);
};
