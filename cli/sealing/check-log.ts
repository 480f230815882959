import { modelVersion } from "../../events/log/log-version.ts";
import type { TreeHead } from "../../seal/check-proof.ts";
import { readEntry } from "../../seal/entry.ts";
import { growTree } from "../../seal/growing-tree.ts";
import { SealRefused } from "../../seal/seal-error.ts";
import type { Hash } from "../../seal/tree-hash.ts";
import { leafHash, sameBytes } from "../../seal/tree-hash.ts";
import { InputError } from "../input-error.ts";
import type { Terminal } from "../terminal.ts";
import { entriesIn } from "./folder-reader.ts";
import type { MadeEntries, Place, TakeEntry } from "./log-entries.ts";
import { makeEntries } from "./log-entries.ts";

/** A log that is what was sealed. */
export interface CheckedLog extends MadeEntries {
  readonly lines: number;
  readonly states: number;
}

/** What the entries of a log are compared with. */
interface Comparison {
  readonly every: number;
  readonly take: TakeEntry;
  /** Once all entries are there. @throws SealRefused when more are sealed. */
  readonly finish: () => void;
}

function placeText(place: Place): string {
  if (place.kind === "line") return `line ${place.line.toString()}`;
  return place.kind === "seal"
    ? "the first entry"
    : `the state after event ${place.seq.toString()}`;
}

const differs = (why: string): SealRefused => new SealRefused("log differs", why);

/** Why a log's entry is not the sealed one. */
function refusalOf(sealed: Uint8Array, entry: Uint8Array, place: Place): SealRefused {
  const [was, is] = [readEntry(sealed), readEntry(entry)];
  if (was.kind === "state" && is.kind === "state" && was.seq === is.seq) {
    const hashes = `is sealed as ${was.stateHash}, and comes to ${is.stateHash}`;
    return new SealRefused("state root does not follow", `${placeText(place)} ${hashes}`);
  }
  return differs(`${placeText(place)} is not what was sealed`);
}

const cut = (size: number): SealRefused =>
  new SealRefused("log cut", `it ends before the last of ${size.toString()} sealed entries`);

const beyond = (place: Place, size: number): SealRefused =>
  new SealRefused(
    "not sealed",
    `${placeText(place)} is after all ${size.toString()} sealed entries`,
  );

/** Entry by entry with those of a folder, which is one tree and whole. */
function withEntries(folder: string, size: number): Comparison {
  const sealed = entriesIn(folder, size);
  const first = readEntry(sealed.next().value ?? new Uint8Array());
  if (first.kind !== "seal") throw differs("what is sealed is no log of this program");
  if (first.model !== modelVersion) {
    const models = `model ${first.model}, and this is ${modelVersion}`;
    throw new InputError(`${folder}: its states were made by ${models}; they cannot be compared`);
  }
  return {
    every: first.every,
    take: (entry, place) => {
      if (place.kind === "seal") return;
      const { value } = sealed.next();
      if (value === undefined) throw beyond(place, size);
      if (!sameBytes(value, entry)) throw refusalOf(value, entry, place);
    },
    finish: () => {
      if (sealed.next().done !== true) throw cut(size);
    },
  };
}

/** By the root alone, which does not say where they differ. */
function withRoot({ size, root }: TreeHead, every: number): Comparison {
  const tree = growTree(() => undefined);
  let found: Hash | undefined;
  let after: Place | undefined;
  return {
    every,
    take: (entry, place) => {
      if (tree.size() === size) after ??= place;
      tree.add(leafHash(entry));
      if (tree.size() === size) found = tree.root();
    },
    finish: () => {
      if (found === undefined) throw cut(size);
      if (!sameBytes(found, root)) throw differs("it does not come to the checkpoint's root");
      if (after !== undefined) throw beyond(after, size);
    },
  };
}

/**
 * Checks that a log is what was sealed, line by line, that its facts follow from its inputs, and
 * that the sealed states follow.
 *
 * @param folder  the tiles, which have been checked; by the root alone when missing.
 * @throws SealRefused by name.
 */
export async function checkLog(
  file: string,
  terminal: Terminal,
  head: TreeHead,
  folder: string | undefined,
  every: number,
): Promise<CheckedLog> {
  const comparison = folder === undefined ? withRoot(head, every) : withEntries(folder, head.size);
  let [lines, states] = [0, 0];
  const made = await makeEntries(file, terminal, comparison.every, (entry, place) => {
    comparison.take(entry, place);
    if (place.kind === "line") lines += 1;
    if (place.kind === "state") states += 1;
  });
  comparison.finish();
  if (made.difference !== undefined) {
    const { line, seq } = made.difference;
    const place = `line ${line.toString()}, event ${seq.toString()}`;
    throw new SealRefused("facts do not follow", `${place}; shadowfold verify shows it`);
  }
  return { ...made, lines, states };
}
