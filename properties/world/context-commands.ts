import { PasidDirectoryEntry } from "../../events/context/pasid-entry.ts";
import { at } from "../../events/registers/offset.ts";
import { arena, requesters } from "./arena.ts";
import { command, commandBits, rootPointer, rootsOf, writeLegacy } from "./boot.ts";
import type { Driver, Manner } from "./driver.ts";
import { pick, writeRegister, writeWord } from "./driver.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { more } from "./mapping-commands.ts";
import { whole } from "./pasid-commands.ts";
import { pasidDma } from "./pasid-requests.ts";
import { flushContexts, flushIotlb, iotlbWord } from "./queue.ts";
import { contextFlags, rootWordOf, writeScalable, writeScalableContext } from "./scalable-boot.ts";
import { announceAll, flushDeviceTlbs, pasidCacheWord } from "./scalable-queue.ts";
import type { Reach } from "./scalable-tables.ts";
import { directoryAddress, directoryIndices, reachesOf } from "./scalable-tables.ts";

/** Announces that many PASID entries may be others: the PASID cache and all translations. */
function announceMany(driver: Driver, users: readonly Reach[], manner: Manner, draw: number): void {
  if (manner === "none") return;
  const dids = [...new Set(users.map(({ binding }) => binding.did))];
  const narrow = manner === "narrow" ? dids.slice(0, 1) : dids;
  const all = [
    pasidCacheWord("global", { did: 0, pasid: 0 }),
    iotlbWord({ ...whole, scope: "global", did: 0 }),
  ];
  const each = narrow.flatMap((did) => [
    pasidCacheWord("domain", { did, pasid: 0 }),
    iotlbWord({ ...whole, did }),
  ]);
  // Entries that were not present are tagged with domain-id 0.
  const absent = pasidCacheWord("domain", { did: 0, pasid: 0 });
  announceAll(driver, draw % 3 === 0 && manner === "proper" ? all : [...each, absent], draw);
  if (manner === "proper" && draw % 4 !== 3) flushDeviceTlbs(driver, users, draw >> 2);
}

/** Changes a PASID directory entry: another table, not present, FPD, reserved, as it was. */
export const directoryEntry: Command = (driver, draw, manner) => {
  const directory = pick(arena.directories, draw.where);
  const address = directoryAddress(directory, pick(directoryIndices, draw.what) * 64);
  const users = reachesOf(driver, (reach) => {
    const context = driver.scalable.contexts.get(reach.source);
    return context?.directory === directory;
  });
  const tables = [...arena.pasidTables, ...arena.pasidTables, arena.spare[0], 2 ** 36];
  const smptblptr = BigInt(pick(tables, draw.extra) ?? 0) << 12n;
  const present = draw.how % 5 !== 4;
  const odd = draw.how % 4 === 3 ? 1n << BigInt(pick([2, 5, 11, 62], draw.what >> 2)) : 0n;
  const word = odd | PasidDirectoryEntry.encode({ present, smptblptr, fpd: draw.how % 8 === 7 });
  writeWord(driver, address, word, { torn: draw.extra % 5 === 4 });
  announceMany(driver, users, manner, more(draw, 0));
};

/** Changes a context entry: another directory, its size, its flags, RID_PASID, reserved bits. */
export const scalableContext: Command = (driver, draw, manner) => {
  const { profile } = driver;
  const source = pick(requesters, draw.where);
  const users = reachesOf(driver, (reach) => reach.source === source);
  const odd = [5, 8, 2, 3, 4, 62, 64, 84, 85, 127, 128, 200];
  const flags = contextFlags(profile, more(draw, 0));
  const bits = draw.how % 9 === 8 ? flags ^ (1n << BigInt(pick(odd, draw.what))) : flags;
  const rid = profile.ridPasid || draw.how % 8 === 7 ? draw.extra % 8 : 0;
  const ridPasid = [0, 0, 0, 1, 63, 0x7000, 0, 2][rid] ?? 0;
  const tables = [...arena.directories, ...arena.directories, arena.spare[1] ?? 0];
  const directory = pick(tables, draw.what);
  const present = draw.how % 7 !== 6;
  const pdts = draw.how % 3 === 0 ? draw.what % 8 : 0;
  writeScalableContext(driver, source, { present, directory, pdts, ridPasid, bits });
  if (manner === "none") return;
  flushContexts(driver, "device", 0, source);
  if (manner === "narrow") return;
  announceMany(driver, users, manner, more(draw, 16));
};

/** Changes half of a root entry, or gives it back. */
export const scalableRoot: Command = (driver, draw, manner) => {
  const bus = draw.where % 3;
  const [root] = arena.scalableRoots;
  const half = bus === 1 ? 8 : 0;
  const good = BigInt.asUintN(64, rootWordOf(bus) >> BigInt(half * 8));
  const odd = 1n << BigInt(pick([1, 11, 62, 5], draw.what));
  const hole = (BigInt(pick([arena.spare[0] ?? 0, 2 ** 30], draw.what)) << 12n) | 1n;
  const words = [good, good, good & ~1n, good | odd, hole];
  writeWord(driver, root * 4096 + bus * 16 + half, pick(words, draw.how));
  if (draw.extra % 3 !== 0) writeWord(driver, root * 4096 + bus * 16 + 8 - half, draw.word);
  if (manner === "none") return;
  flushContexts(driver, "global", 0, 0);
  if (manner === "proper")
    announceMany(
      driver,
      reachesOf(driver, () => true),
      manner,
      0,
    );
  if (draw.extra % 4 !== 3) return;
  writeWord(driver, root * 4096 + bus * 16 + half, good);
  flushContexts(driver, "global", 0, 0);
};

/** Sets a root pointer in a mode that no unit has, then by draw what it was before. */
function misroute(driver: Driver, draw: Draw): void {
  const [root = 0] = rootsOf(driver);
  const wrong = BigInt(2 + (draw.what % 2)) << 10n;
  writeRegister(driver, at.rtaddr, 8, (BigInt(root) << 12n) | wrong);
  command(driver, commandBits.srtp);
  pasidDma(driver, draw, "none");
  if (draw.extra % 4 === 3) return;
  writeRegister(driver, at.rtaddr, 8, rootPointer(driver, root));
  command(driver, commandBits.srtp);
}

/** Goes over from legacy to scalable mode or back while translation is on or off. */
export const switchMode: Command = (driver, draw, manner) => {
  if (draw.how % 4 === 0) return;
  if (draw.how % 4 === 2) {
    misroute(driver, draw);
    return;
  }
  driver.isScalable = !driver.isScalable;
  const draws = [1, 2, 3, 4, 5].map((index) => (draw.what + index * 4099) & 0xffff);
  const plan = { queued: true, translate: true, unmask: false };
  const tables = { domains: draws, maps: [], bindings: draws };
  if (driver.isScalable && driver.scalable.contexts.size === 0) {
    writeScalable(driver, { ...plan, ...tables });
  }
  if (!driver.isScalable && driver.attached.size === 0) writeLegacy(driver, { ...plan, ...tables });
  const root = driver.isScalable ? arena.scalableRoots[0] : arena.roots[0];
  const off = draw.extra % 3 === 0;
  if (off) command(driver, 0, commandBits.te);
  writeRegister(driver, at.rtaddr, 8, rootPointer(driver, root));
  command(driver, commandBits.srtp);
  if (off) command(driver, commandBits.te);
  if (manner === "none") return;
  flushContexts(driver, "global", 0, 0);
  if (manner === "narrow") return;
  announceAll(driver, [pasidCacheWord("global", { did: 0, pasid: 0 })], draw.extra);
  flushIotlb(driver, { ...whole, scope: "global", did: 0 }, draw.extra);
};
