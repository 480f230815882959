import { countOf } from "./decimal.ts";
import type { KeyKind, PublicKey } from "./key.ts";
import { keyLabel, parsePublicKey } from "./key.ts";
import type { Policy, Quorum } from "./policy.ts";
import { SealFormatError } from "./seal-error.ts";
import { sameBytes } from "./tree-hash.ts";

/** What has been read of a policy so far. Names are octets, one character each. */
interface Draft {
  readonly logs: PublicKey[];
  readonly witnesses: PublicKey[];
  readonly names: Map<string, PublicKey | Quorum>;
  /** Names that are members of a group already. */
  readonly used: Set<string>;
  quorum?: { readonly of: Quorum | undefined };
}

const wrong = (why: string): SealFormatError => new SealFormatError(why);

/** A word of the file with its octets read as UTF-8, as keys have it. */
const asText = (word: string): string => Buffer.from(word, "latin1").toString("utf8");

const logKinds: readonly KeyKind[] = ["ed25519", "mlDsa44Cosignature"];
const witnessKinds: readonly KeyKind[] = ["ed25519Cosignature", "mlDsa44Cosignature"];

function keyOf(word: string, kinds: readonly KeyKind[], others: readonly PublicKey[]): PublicKey {
  const key = parsePublicKey(asText(word));
  if (!kinds.includes(key.kind)) throw wrong(`${keyLabel(key)}: a key of another kind`);
  if (others.some(({ material }) => sameBytes(material, key.material))) {
    throw wrong(`${keyLabel(key)}: its key is there twice`);
  }
  return key;
}

function define(draft: Draft, name: string, what: PublicKey | Quorum): void {
  if (name === "none" || draft.names.has(name)) throw wrong(`the name ${name} is taken`);
  draft.names.set(name, what);
}

function checkWords(words: readonly string[], least: number, most: number): void {
  if (words.length < least || words.length > most) throw wrong("too few or too many words");
}

function atLeast(word: string, members: number): number {
  if (word === "any") return 1;
  if (word === "all") return members;
  const count = countOf(word, "group");
  if (count >= 1 && count <= members) return count;
  throw wrong(`${word} of ${members.toString()} members`);
}

function groupOf(draft: Draft, threshold: string, members: readonly string[]): Quorum {
  const found = members.map((name) => {
    const member = draft.names.get(name);
    if (member === undefined) throw wrong(`no witness or group ${name} before it`);
    if (draft.used.has(name)) throw wrong(`${name} is a member twice`);
    draft.used.add(name);
    return member;
  });
  return { atLeast: atLeast(threshold, members.length), members: found };
}

const lines: Readonly<Record<string, (draft: Draft, words: readonly string[]) => void>> = {
  log: (draft, words) => {
    checkWords(words, 1, 2);
    draft.logs.push(keyOf(words[0] ?? "", logKinds, draft.logs));
  },
  witness: (draft, words) => {
    checkWords(words, 2, 3);
    const [name = "", text = ""] = words;
    const key = keyOf(text, witnessKinds, draft.witnesses);
    draft.witnesses.push(key);
    define(draft, name, key);
  },
  group: (draft, words) => {
    checkWords(words, 3, Number.POSITIVE_INFINITY);
    const [name = "", threshold = "", ...members] = words;
    define(draft, name, groupOf(draft, threshold, members));
  },
  quorum: (draft, words) => {
    checkWords(words, 1, 1);
    if (draft.quorum !== undefined) throw wrong("a second quorum");
    const [name = ""] = words;
    const found = draft.names.get(name);
    if (name !== "none" && found === undefined)
      throw wrong(`no witness or group ${name} before it`);
    draft.quorum = { of: found === undefined ? undefined : { atLeast: 1, members: [found] } };
  },
};

function readLine(draft: Draft, line: string): void {
  const [keyword = "", ...words] = line.split(/[ \t]+/).filter((word) => word !== "");
  if (keyword === "" || keyword.startsWith("#")) return;
  const read = Object.hasOwn(lines, keyword) ? lines[keyword] : undefined;
  if (read === undefined) throw wrong("neither log, witness, group nor quorum");
  read(draft, words);
}

const isAllowed = (octet: number): boolean =>
  octet === 0x09 || octet === 0x0a || (octet >= 0x20 && octet !== 0x7f);

/** @throws SealFormatError with the line, when bytes are no policy of C2SP tlog-policy. */
export function parsePolicy(bytes: Uint8Array): Policy {
  if (!bytes.every(isAllowed)) throw wrong("policy: control characters in it");
  const draft: Draft = { logs: [], witnesses: [], names: new Map(), used: new Set() };
  for (const [index, line] of Buffer.from(bytes).toString("latin1").split("\n").entries()) {
    try {
      readLine(draft, line);
    } catch (error) {
      if (!(error instanceof SealFormatError)) throw error;
      throw wrong(`policy, line ${(index + 1).toString()}: ${asText(error.message)}`);
    }
  }
  if (draft.quorum === undefined) throw wrong("policy: no quorum");
  return { logs: draft.logs, witnesses: draft.witnesses, quorum: draft.quorum.of };
}
