import type { Command } from "commander";
import type { SignedCheckpoint } from "../../seal/checkpoint.ts";
import { keyLabel } from "../../seal/key.ts";
import { openCheckpoint } from "../../seal/open-checkpoint.ts";
import type { Policy } from "../../seal/policy.ts";
import { parsePolicy } from "../../seal/policy-file.ts";
import { consistencyStart, inclusionStart } from "../../seal/proof-file.ts";
import { readWhole } from "../binary.ts";
import { InputError } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";
import { checkLog } from "../sealing/check-log.ts";
import type { Held } from "../sealing/held.ts";
import { count, heldConsistency, heldInclusion, heldSeal } from "../sealing/held.ts";
import { inFile, readPublicKey } from "../sealing/key-file.ts";
import { tellRefusal } from "../sealing/refusal.ts";
import { isFolder, openSeal, readText } from "../sealing/seal-file.ts";
import { parseEvery, usualEvery } from "./seal.ts";

interface Options {
  readonly key: readonly string[];
  readonly policy?: string;
  readonly origin?: string;
  readonly seal?: string;
  readonly known?: string;
  readonly every: number;
  readonly json?: true;
}

async function policyOf(options: Options): Promise<Policy> {
  const keys = await Promise.all(options.key.map(readPublicKey));
  const file = options.policy;
  const bytes = file === undefined ? undefined : await readWhole(file);
  const read =
    file === undefined || bytes === undefined
      ? { logs: [], witnesses: [], quorum: undefined }
      : inFile(file, () => parsePolicy(bytes));
  const logs = [...read.logs, ...keys];
  if (logs.length === 0)
    throw new InputError("check: --key KEY or a --policy with a log is missing");
  return { ...read, logs, ...(options.origin === undefined ? {} : { origin: options.origin }) };
}

/** The checkpoint that is known already, as it may be believed. */
async function knownOf(options: Options, policy: Policy): Promise<SignedCheckpoint | undefined> {
  if (options.known === undefined) return undefined;
  const { checkpoint } = await openSeal(options.known);
  // Who cosigned it was looked at when it was new.
  openCheckpoint(checkpoint, { ...policy, quorum: undefined });
  return checkpoint;
}

async function heldLog(
  run: Run,
  file: string,
  { seal, every }: Options,
  policy: Policy,
  known: SignedCheckpoint | undefined,
): Promise<Held> {
  if (seal === undefined) throw new InputError(`${file}: which seal is it of? --seal is missing`);
  const held = await heldSeal(seal, policy, known);
  const { checkpoint, folder } = held;
  const found = await checkLog(file, run.terminal, checkpoint, folder, every);
  const { lines, states, facts, inputs, lastEvent: events } = found;
  const follow = facts === 0 ? "it has no facts" : `its ${count(facts)} facts follow`;
  const words =
    `all ${count(lines)} lines are as sealed, ${follow}, ` +
    `its ${count(states)} sealed states follow`;
  const fields = { ...held.fields, lines, states, facts, inputs, events };
  return { ...held, words, fields };
}

/** What a file is, told by how it begins. */
async function heldFile(run: Run, file: string, options: Options): Promise<Held> {
  const policy = await policyOf(options);
  const known = await knownOf(options, policy);
  if (options.seal !== undefined) return heldLog(run, file, options, policy, known);
  if (isFolder(file)) return heldSeal(file, policy, known);
  const bytes = await readWhole(file);
  const start = Buffer.from(bytes.subarray(0, 64)).toString("utf8");
  if (start.startsWith(inclusionStart)) {
    if (known !== undefined) throw new InputError("check: --known is for seals, not inclusion");
    return heldInclusion(await readText(file), policy);
  }
  if (start.startsWith(consistencyStart)) {
    return heldConsistency(await readText(file), policy, known);
  }
  if (start.startsWith("{")) return heldLog(run, file, options, policy, known);
  return heldSeal(file, policy, known);
}

async function check(run: Run, file: string, options: Options): Promise<void> {
  const { json = false } = options;
  try {
    const { checkpoint, believed, words, fields } = await heldFile(run, file, options);
    const signedBy = believed.logs.map(keyLabel);
    const witnesses = believed.witnesses.map(keyLabel);
    const { origin, size } = checkpoint;
    const root = Buffer.from(checkpoint.root).toString("base64");
    const { out, colours } = run.terminal;
    if (json) {
      const head = { file, holds: true, origin, size, root, signedBy, witnesses };
      out(renderJson({ ...head, ...fields }));
      return;
    }
    const by = [...signedBy, ...witnesses.map((name) => `${name} (witness)`)].join(", ");
    out(`${file}: ${colours.green("holds")}: ${words}\nsigned by ${by}\n`);
  } catch (error) {
    if (error instanceof InputError) throw error;
    tellRefusal(run, file, error, json);
  }
}

/** Adds `check FILE`. */
export function addCheck(program: Command, run: Run): void {
  program
    .command("check")
    .summary("check a log against its seal, or a proof, with a public key and nothing else")
    .description(
      "Checks a proof, a seal, or a log with its seal: signatures, the tree, and of a log that " +
        "its facts and sealed states follow from its inputs. What does not hold is refused by " +
        "name: wrong key, wrong signature, wrong origin, too few witnesses, wrong proof, " +
        "degenerate proof, damaged seal, fork, roll-back, log differs, log cut, not sealed, " +
        "facts do not follow, state root does not follow. Exit code 0: all holds; 1: refused; " +
        "2: it cannot be read.",
    )
    .argument("<file>", "log, seal (folder or checkpoint), or proof")
    .option("--seal <path>", "the seal of a log: the folder, or the checkpoint alone")
    .option(
      "--key <key>",
      "public key of the log, or a file with it; twice or more for several",
      (key: string, others: readonly string[]) => [...others, key],
      [],
    )
    .option("--policy <file>", "C2SP tlog-policy: logs, witnesses and how many of them")
    .option("--origin <name>", "which log it is to be; the key's name when missing")
    .option("--known <seal>", "a seal that is known already, which this one has to go on from")
    .option(
      "--every <events>",
      "events from one state to the next, for a checkpoint alone",
      parseEvery,
      usualEvery,
    )
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold check run.ndjson.gz --seal run.seal --key host7.key.pub",
    )
    .action((file: string, options: Options) => check(run, file, options));
}
