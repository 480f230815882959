import { arena } from "./arena.ts";
import type { Binding } from "./belief.ts";
import { bindingFrom } from "./bindings.ts";
import type { Driver, Manner } from "./driver.ts";
import { pick, wordAt, writeWord } from "./driver.ts";
import type { Command } from "./mapping-commands.ts";
import { more } from "./mapping-commands.ts";
import { iotlbWord } from "./queue.ts";
import { useEntry } from "./requests.ts";
import { announceAll, flushDeviceTlbs, pasidCacheWord, pasidIotlbWord } from "./scalable-queue.ts";
import {
  bindingAddress,
  bindingWord,
  pasids,
  reachesOf,
  types,
  writeWhole,
  writeWords,
} from "./scalable-tables.ts";

/** All of a domain-id. */
export const whole = { scope: "domain", page: 0, mask: 0, leafOnly: false } as const;

/**
 * Announces a changed PASID entry to the ways that lead to it: the PASID cache, then what its kind
 * of translation is cached by, then devices. `narrow`: the PASID cache alone, of another PASID, or
 * the translations alone.
 */
function announceBinding(
  driver: Driver,
  address: number,
  binding: Binding,
  manner: Manner,
  draw: number,
): void {
  if (manner === "none") return;
  const users = reachesOf(driver, (reach) => reach.address === address);
  const { did, pgtt } = binding;
  const isSecond = pgtt === types.secondStage || pgtt === types.nested;
  const translations = (pasid: number): bigint =>
    isSecond ? iotlbWord({ ...whole, did }) : pasidIotlbWord({ did, pasid });
  const tags = [...new Set(users.map(({ tag }) => tag))];
  if (manner === "narrow") {
    const [pasid = 0] = tags;
    const words = [
      pasidCacheWord("pasid", { did, pasid }),
      pasidCacheWord("pasid", { did, pasid: pasid + 1 }),
      pasidCacheWord("pasid", { did: did + 1, pasid }),
      translations(pasid),
    ];
    announceAll(driver, [pick(words, draw)], draw);
    return;
  }
  const scope = pick(["pasid", "pasid", "pasid", "domain", "global"] as const, draw);
  const words = tags.flatMap((pasid) => [
    pasidCacheWord(scope, { did, pasid }),
    translations(pasid),
  ]);
  announceAll(driver, words, draw);
  if (draw % 4 !== 3) flushDeviceTlbs(driver, users, draw >> 2);
}

/** The place of a PASID entry: mostly one that a directory leads to. */
function somePlace(driver: Driver, draw: number): number {
  const directory = pick(arena.directories, draw);
  const pasid = pick([0, 1, 0, 1, ...pasids], draw >> 1);
  const found = bindingAddress(driver, directory, pasid);
  return found ?? pick(arena.pasidTables, draw) * 4096 + (pasid & 63) * 64;
}

/**
 * Writes a PASID entry, a word at a time. One that is present is taken out first and that
 * announced, or is changed as it is; the word with P is mostly written last.
 */
export const pasidEntry: Command = (driver, draw, manner) => {
  const { bindings } = driver.scalable;
  const address = somePlace(driver, draw.where);
  const old = bindings.get(address);
  const draws = [more(draw, 0), more(draw, 16), more(draw, 32)] as const;
  const next = bindingFrom(driver, draws, 5);
  const isLive = old?.present === true;
  if (isLive && draw.how % 2 === 0) {
    writeWord(driver, address, wordAt(driver, address) & ~1n);
    announceBinding(driver, address, old, manner, draw.extra);
  }
  bindings.set(address, next);
  const firstLast = draw.how % 8 < 6;
  const torn = draw.what % 2 === 0 ? () => useEntry(driver, address, draw.what) : undefined;
  if (draw.how % 16 === 15) writeWhole(driver, address, bindingWord(next), 8);
  else writeWords(driver, address, bindingWord(next), { count: 8, firstLast, between: torn });
  if (isLive && old.did !== next.did) announceBinding(driver, address, old, manner, draw.extra);
  announceBinding(driver, address, next, manner, draw.extra);
  if (draw.what % 4 < 2) useEntry(driver, address, more(draw, 48));
};

/** Changes one thing of a PASID entry in place: its flags, its tables, its domain-id, its kind. */
export const editEntry: Command = (driver, draw, manner) => {
  const { bindings } = driver.scalable;
  const address = somePlace(driver, draw.where);
  const old = bindings.get(address);
  if (old === undefined) return;
  const draws = [more(draw, 0), more(draw, 16), more(draw, 32)] as const;
  const other = bindingFrom(driver, draws, 2);
  const { bits, stage, domain, did, pgtt } = other;
  const choices: readonly Partial<Binding>[] = [
    { bits },
    { bits },
    { stage },
    { domain },
    { did },
    { pgtt },
    { stage, domain },
    { present: !old.present },
  ];
  const next = { ...old, ...pick(choices, draw.how) };
  bindings.set(address, next);
  const torn = draw.what % 3 === 0 ? () => useEntry(driver, address, draw.what) : undefined;
  const firstLast = draw.what % 2 === 0;
  writeWords(driver, address, bindingWord(next), { count: 8, firstLast, between: torn });
  announceBinding(driver, address, old, manner, draw.extra);
  if (next.did !== did) announceBinding(driver, address, next, manner, draw.extra);
};

/** Takes a PASID entry out: P first, announced, then the rest; or all at once in some order. */
export const clearEntry: Command = (driver, draw, manner) => {
  const { bindings } = driver.scalable;
  const address = somePlace(driver, draw.where);
  const old = bindings.get(address);
  if (old === undefined) return;
  bindings.set(address, { ...old, present: false });
  const proper = draw.how % 3 !== 2;
  if (proper) writeWord(driver, address, wordAt(driver, address) & ~1n);
  else writeWords(driver, address, 0n, { count: 8, firstLast: draw.how % 2 === 0 });
  announceBinding(driver, address, old, manner, draw.extra);
  if (proper && draw.what % 2 === 0)
    writeWords(driver, address, 0n, { count: 8, firstLast: false });
};
