import { PostedEntry, RemappedEntry } from "../../events/interrupt/interrupt-entry.ts";
import { Cap } from "../../events/registers/capability.ts";
import { arena, deviceSources, sources } from "./arena.ts";
import type { Driver } from "./driver.ts";
import { pick, writeWord } from "./driver.ts";
import type { Draw } from "./mapping-commands.ts";

/** Entries of the table that are written and asked for; few, so that they meet. */
export const indices = [0, 1, 2, 3, 5, 8] as const;

/** Source-id of the IOAPIC: on a bus that no device is on. */
export const ioapic = 0xff00;

/** Descriptors that posted entries name: 64 bytes each, in the upper half of the table's page. */
export const descriptorAt = (draw: number): number =>
  arena.interrupts * 4096 + 2048 + 64 * (draw % 2);

/** Who may use an entry: anybody, a source-id or its functions, buses, or a reserved code. */
function senders(draw: Draw): { readonly sid: number; readonly sq: number; readonly svt: number } {
  const others = [sources.bridge, ioapic] as const;
  const source = pick(draw.extra % 5 === 4 ? others : deviceSources, draw.what);
  const sq = draw.extra % 4;
  const buses = pick([0x0001, 0x0002, 0x0101, 0x0200, 0x00ff], draw.extra >> 2);
  const svt = pick([0, 0, 1, 1, 2, 1, 0, 3, 2], draw.extra >> 3);
  const sid = svt === 2 ? buses : draw.extra % 3 === 0 ? source ^ 4 : source;
  return { sid, sq, svt };
}

/**
 * An APIC id of 8 bits, or one of 32 where the unit has those; whether EIME is set is not known.
 */
function destination({ profile }: Driver, draw: Draw): number {
  const wide = Number(draw.word & 0xffff_ffffn);
  return profile.eim && draw.extra % 3 === 1 ? wide : wide & 0xff00;
}

function entryWord(driver: Driver, draw: Draw): bigint {
  const present = draw.how % 8 !== 7;
  const fpd = draw.extra % 6 === 5;
  const vector = 0x20 + (draw.where % 0xd0);
  const common = { present, fpd, vector, ...senders(draw), avail: draw.what % 16 };
  const odd = pick([12, 13, 14, 24, 31, 84, 100, 127, draw.extra % 128], draw.extra >> 4);
  const isStrange = draw.how % 11 === 10 || (!present && draw.extra % 2 === 0);
  const strange = isStrange ? 1n << BigInt(odd) : 0n;
  const able = Cap.decode(driver.profile.cap).pi || draw.extra % 4 === 0;
  const posts = draw.how % 3 === 0 && able;
  if (!posts) {
    const dlm = draw.what % 8;
    const dst = destination(driver, draw);
    const [dm, rh, tm] = [0, 1, 2].map((bit) => ((draw.extra >> bit) & 1) === 1);
    const modes = { dm: dm === true, rh: rh === true, tm: tm === true };
    return strange | RemappedEntry.encode({ ...common, ...modes, dlm, dst });
  }
  const away = draw.extra % 7 === 6 ? pick(arena.spare, draw.what) * 4096 : descriptorAt(draw.what);
  const pdaLow = (away >>> 6) & 0x3ff_ffff;
  const urg = draw.extra % 2 === 1;
  return strange | PostedEntry.encode({ ...common, posted: true, urg, pdaLow, pdaHigh: 0 });
}

/** Writes an interrupt entry, in whichever order of its halves. */
export function writeEntry(driver: Driver, draw: Draw, index: number): void {
  const word = entryWord(driver, draw);
  const place = arena.interrupts * 4096 + index * 16;
  const halves = [
    [place + 8, word >> 64n],
    [place, BigInt.asUintN(64, word)],
  ] as const;
  for (const [where, value] of draw.what % 2 === 0 ? halves : halves.toReversed()) {
    writeWord(driver, where, value);
  }
}
