import type { Command } from "commander";
import type { TreeHead } from "../../seal/check-proof.ts";
import { checkConsistency, checkInclusion } from "../../seal/check-proof.ts";
import { readEntry } from "../../seal/entry.ts";
import { encodeConsistency, encodeInclusion } from "../../seal/proof-file.ts";
import { SealRefused } from "../../seal/seal-error.ts";
import { leafHash } from "../../seal/tree-hash.ts";
import { consistencyProof, inclusionProof } from "../../seal/tree-proof.ts";
import { parseNumber } from "../argument.ts";
import { InputError } from "../input-error.ts";
import { checkTarget, forceOption } from "../part-file.ts";
import type { Run } from "../run.ts";
import { entriesIn, tileReader } from "../sealing/folder-reader.ts";
import { tellRefusal } from "../sealing/refusal.ts";
import type { SealFile } from "../sealing/seal-file.ts";
import { openSeal } from "../sealing/seal-file.ts";
import { writeWhole } from "../whole-files.ts";

interface WriteOptions {
  readonly output: string;
  readonly force?: true;
}

interface InclusionOptions extends WriteOptions {
  readonly line?: number;
  readonly event?: number;
  readonly index?: number;
}

/** A seal with its tiles. */
interface Tiled extends SealFile {
  readonly folder: string;
}

async function openTiled(path: string): Promise<Tiled> {
  const { folder, ...rest } = await openSeal(path);
  if (folder !== undefined) return { ...rest, folder };
  throw new InputError(`${path}: is a checkpoint alone; a proof needs the folder of tiles`);
}

interface Found {
  readonly entry: Uint8Array;
  readonly index: number;
}

/** The first entry that is the one, or the last that is before it. */
function find(
  { folder, checkpoint }: Tiled,
  isIt: (entry: Uint8Array, index: number) => boolean,
): Found | undefined {
  let index = 0;
  for (const entry of entriesIn(folder, checkpoint.size)) {
    if (isIt(entry, index)) return { entry, index };
    index += 1;
  }
  return undefined;
}

const isLine = (entry: Uint8Array): boolean => /^(line|longLine)$/.test(readEntry(entry).kind);

function seqOf(entry: Uint8Array): number | undefined {
  const said = readEntry(entry);
  if (said.kind !== "line") return undefined;
  const [, seq] = /"seq":\s*(\d+)/.exec(said.text) ?? [];
  return seq === undefined ? undefined : Number(seq);
}

function wanted(seal: Tiled, { line, event, index }: InclusionOptions): Found {
  const given = [line, event, index].filter((each) => each !== undefined);
  if (given.length !== 1) throw new InputError("prove: one of --line, --event and --index");
  let lines = 0;
  const found = find(seal, (entry, at) => {
    if (index !== undefined) return at === index;
    if (event !== undefined) return seqOf(entry) === event;
    if (isLine(entry)) lines += 1;
    return lines === line;
  });
  if (found !== undefined) return found;
  throw new InputError("prove: there is no such entry in the seal");
}

/** The state after the last events that are not after `event`. */
function stateBefore(seal: Tiled, event: number): Found {
  let last: Found | undefined;
  find(seal, (entry, index) => {
    const said = readEntry(entry);
    if (said.kind !== "state") return false;
    if (said.seq <= event) last = { entry, index };
    return said.seq >= event;
  });
  if (last !== undefined) return last;
  throw new InputError(`prove: no state at or before event ${event.toString()} is sealed`);
}

async function write({ output }: WriteOptions, text: string, run: Run): Promise<void> {
  if (output === "-") run.terminal.out(text);
  else writeWhole(output, text);
}

async function proveEntry(run: Run, seal: Tiled, found: Found, to: WriteOptions): Promise<void> {
  const { folder, checkpoint, text } = seal;
  const { entry, index } = found;
  const path = inclusionProof({ size: checkpoint.size, read: tileReader(folder) }, index);
  checkInclusion(leafHash(entry), index, checkpoint, path);
  await write(to, encodeInclusion({ entry, index, path }, text), run);
}

async function proveConsistency(run: Run, seal: Tiled, from: string, to: WriteOptions) {
  const { folder, checkpoint, text } = seal;
  const isSize = /^\d+$/.test(from);
  const known: TreeHead | undefined = isSize ? undefined : (await openSeal(from)).checkpoint;
  const old = known?.size ?? parseNumber(from);
  if (old > checkpoint.size) {
    const [is, was] = [checkpoint.size.toString(), old.toString()];
    throw new SealRefused("roll-back", `it has ${is} entries, and is to go on from ${was}`);
  }
  const path = consistencyProof({ size: checkpoint.size, read: tileReader(folder) }, old);
  if (known !== undefined) checkConsistency(known, checkpoint, path);
  await write(to, encodeConsistency(old, path, text), run);
}

/** Does what proves something of a seal; what does not hold is told by name. */
async function proving(
  run: Run,
  path: string,
  to: WriteOptions,
  act: (seal: Tiled) => Promise<void>,
): Promise<void> {
  await checkTarget(run.terminal, { file: to.output, force: to.force });
  try {
    await act(await openTiled(path));
  } catch (error) {
    if (error instanceof InputError) throw error;
    tellRefusal(run, path, error, false);
  }
}

function addPart(group: Command, name: string, description: string, to: string): Command {
  return group
    .command(name)
    .description(description)
    .argument("<seal>", "folder that seal has written")
    .option("-o, --output <file>", `${to} to write; - is standard output`, "-")
    .option(...forceOption);
}

/** Adds `prove inclusion|consistency|state SEAL`. */
export function addProve(program: Command, run: Run): void {
  const group = program
    .command("prove")
    .summary("prove from a seal what a log has, or what state it led to")
    .description(
      "Writes small files that check believes without the log: that a line is in a sealed log, " +
        "that a seal goes on from an earlier one, or which state an event led to.",
    );
  addPart(group, "inclusion", "Prove that a line or event is in the log.", "C2SP tlog-proof")
    .option("--line <number>", "the line of the log, from 1", parseNumber)
    .option("--event <number>", "the event of that number", parseNumber)
    .option("--index <number>", "the entry of the sealed log, from 0", parseNumber)
    .action((path: string, options: InclusionOptions) =>
      proving(run, path, options, (seal) => proveEntry(run, seal, wanted(seal, options), options)),
    );
  addPart(
    group,
    "state",
    "Prove the hash of the state after the last sealed state that is not after an event. What " +
      "the state says of one page is not part of it: whoever has the log gets the same hash.",
    "C2SP tlog-proof",
  )
    .requiredOption("--event <number>", "the event", parseNumber)
    .action((path: string, options: WriteOptions & { readonly event: number }) =>
      proving(run, path, options, (seal) =>
        proveEntry(run, seal, stateBefore(seal, options.event), options),
      ),
    );
  addPart(
    group,
    "consistency",
    "Prove that the log goes on from an earlier seal: what a C2SP witness is asked.",
    "proof",
  )
    .requiredOption("--from <size|seal>", "entries of the earlier one, or the seal itself")
    .action((path: string, options: WriteOptions & { readonly from: string }) =>
      proving(run, path, options, (seal) => proveConsistency(run, seal, options.from, options)),
    );
}
