import { statSync } from "node:fs";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { TreeHead } from "../../seal/check-proof.ts";
import { checkpointText, isOrigin } from "../../seal/checkpoint.ts";
import type { PrivateKey } from "../../seal/key.ts";
import { encodePublicKey, keyLabel } from "../../seal/key.ts";
import { encodeNote } from "../../seal/note.ts";
import { SealRefused } from "../../seal/seal-error.ts";
import { signCheckpoint } from "../../seal/signature.ts";
import { sameBytes } from "../../seal/tree-hash.ts";
import { parseNumber } from "../argument.ts";
import { InputError } from "../input-error.ts";
import { forceOption } from "../part-file.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";
import type { SealWriter } from "../sealing/folder-writer.ts";
import { checkReplaceable, writeFolder, writeNothing } from "../sealing/folder-writer.ts";
import { keyTypes, readPrivateKey, writeNewKey } from "../sealing/key-file.ts";
import type { MadeEntries } from "../sealing/log-entries.ts";
import { makeEntries } from "../sealing/log-entries.ts";
import { tellRefusal } from "../sealing/refusal.ts";
import { isFolder, openSeal } from "../sealing/seal-file.ts";
import { checkNew, writeWhole } from "../whole-files.ts";

interface Options {
  readonly key: readonly string[];
  readonly output?: string;
  readonly origin?: string;
  readonly every: number;
  readonly checkpointOnly?: true;
  readonly generateKey?: string;
  readonly type: string;
  readonly force?: true;
  readonly json?: true;
}

/** Events between two state roots, unless it is said otherwise. */
export const usualEvery = 1000;

/** A count of events, 1 or more. */
export function parseEvery(text: string): number {
  const value = parseNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Expected a whole number from 1.");
}

/** @throws InputError unless the keys are ones that a log signs with. */
async function readKeys(files: readonly string[]): Promise<readonly [PrivateKey, ...PrivateKey[]]> {
  const keys = await Promise.all(files.map(readPrivateKey));
  const [first, ...others] = keys;
  if (first === undefined) throw new InputError("seal: --key FILE is missing");
  const witness = keys.find(({ publicKey }) => publicKey.kind === "ed25519Cosignature");
  if (witness !== undefined) {
    throw new InputError(`${keyLabel(witness.publicKey)}: is a key of a witness, not of a log`);
  }
  return [first, ...others];
}

/** What a place has been sealed as before, and may be taken on from. */
async function earlierAt(
  run: Run,
  path: string,
  { force, checkpointOnly }: Options,
  origin: string,
): Promise<TreeHead | undefined> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  if (checkpointOnly === undefined) checkReplaceable(path);
  else if (isFolder(path)) throw new InputError(`${path}: is a folder`);
  const found = await openSeal(path).catch(() => undefined);
  if (found?.checkpoint.origin === origin) return found.checkpoint;
  await checkNew(run.terminal, [path], force);
  return undefined;
}

function signed(keys: readonly PrivateKey[], origin: string, head: TreeHead): string {
  const text = checkpointText({ origin, ...head });
  const signatures = keys.map((key) => {
    const made = signCheckpoint(key, { origin, ...head, text });
    if (made !== undefined) return made;
    throw new InputError(`${keyLabel(key.publicKey)}: name or origin of more than 255 bytes`);
  });
  return encodeNote({ text, signatures });
}

/** Makes the seal; what was sealed before has to be the beginning of it. @throws SealRefused. */
async function sealed(
  run: Run,
  file: string,
  every: number,
  writer: SealWriter,
  earlier: TreeHead | undefined,
): Promise<MadeEntries> {
  let isSame = earlier === undefined;
  const made = await makeEntries(file, run.terminal, every, (entry) => {
    writer.add(entry);
    if (writer.tree.size() === earlier?.size) isSame = sameBytes(writer.tree.root(), earlier.root);
  });
  if (made.difference !== undefined) {
    const { line, seq } = made.difference;
    const place = `line ${line.toString()}, event ${seq.toString()}`;
    throw new SealRefused("facts do not follow", `${place}; shadowfold verify shows it`);
  }
  const size = writer.tree.size();
  if (earlier !== undefined && size < earlier.size) {
    const [is, was] = [size.toString(), earlier.size.toString()];
    throw new SealRefused("roll-back", `${is} entries where ${was} are sealed already`);
  }
  if (isSame) return made;
  throw new SealRefused("fork", "what is sealed there already is no beginning of this log");
}

async function seal(run: Run, file: string, options: Options): Promise<void> {
  const { output, every, json = false } = options;
  if (output === undefined) throw new InputError("seal: -o is missing: where to write the seal");
  const keys = await readKeys(options.key);
  const origin = options.origin ?? keys[0].publicKey.name;
  if (!isOrigin(origin)) throw new InputError("--origin: empty, or control characters in it");
  const earlier = await earlierAt(run, output, options, origin);
  const writer = options.checkpointOnly
    ? writeNothing((note) => writeWhole(output, note))
    : writeFolder(output);
  try {
    const made = await sealed(run, file, every, writer, earlier);
    const head = { size: writer.tree.size(), root: writer.tree.root() };
    writer.keep(signed(keys, origin, head));
    const { inputs, facts, lastEvent: events } = made;
    const root = Buffer.from(head.root).toString("base64");
    const said = { file, seal: output, origin, size: head.size, root, inputs, facts, events };
    const by = keys.map(({ publicKey }) => keyLabel(publicKey)).join(", ");
    run.terminal.out(
      json
        ? renderJson(said)
        : `${output}: ${head.size.toString()} entries of ${origin}, signed by ${by}\n`,
    );
  } catch (error) {
    writer.drop();
    tellRefusal(run, file, error, json);
  }
}

function generate(run: Run, name: string, options: Options): void {
  const kind = keyTypes[options.type];
  if (options.output === undefined || kind === undefined) {
    throw new InputError("seal: -o is missing: where to write the key");
  }
  const key = writeNewKey(options.output, name, kind);
  run.terminal.out(`${encodePublicKey(key)}\n`);
}

/** Adds `seal [LOG]`. */
export function addSeal(program: Command, run: Run): void {
  const type = new Option("--type <kind>", "of the key that is made")
    .choices(Object.keys(keyTypes))
    .default("ed25519");
  program
    .command("seal")
    .summary("sign a log, so that any later edit of it is found")
    .description(
      "Makes a Merkle tree of a log's lines and of the hash of the state after every so many " +
        "events, and writes it as a folder of tiles with a signed checkpoint, in the formats of " +
        "C2SP. A log whose facts do not follow from its inputs is not sealed. A log that has " +
        "grown is sealed again in the same place; another one there is refused as a fork. Exit " +
        "code 1: it was refused; 2: it cannot be read or written.",
    )
    .argument("[log]", "log, gzipped or not; - is standard input")
    .option(
      "--key <file>",
      "private key to sign with, twice or more for several",
      (file: string, others: readonly string[]) => [...others, file],
      [],
    )
    .option("-o, --output <path>", "folder to write, or with --checkpoint-only the file")
    .option("--origin <name>", "which log this is; the first key's name when missing")
    .option("--every <events>", "events from one state to the next", parseEvery, usualEvery)
    .option("--checkpoint-only", "write the signed checkpoint, and no tiles")
    .option("--generate-key <name>", "make a key of that name instead: FILE and FILE.pub")
    .addOption(type)
    .option(...forceOption)
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold seal --generate-key example.com/host7 -o host7.key" +
        "\n  shadowfold seal run.ndjson.gz --key host7.key -o run.seal",
    )
    .action(async (file: string | undefined, options: Options) => {
      if (options.generateKey !== undefined) generate(run, options.generateKey, options);
      else if (file === undefined) throw new InputError("seal: which log?");
      else await seal(run, file, options);
    });
}
