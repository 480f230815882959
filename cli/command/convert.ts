import type { Command } from "commander";
import { Option } from "commander";
import { encodeEvent, encodeFact, encodeHeader, encodeInput } from "../../events/log/log.ts";
import { encodeEnd } from "../../events/log/log-end.ts";
import type { Step } from "../../history/step.ts";
import { foldSource } from "../folding.ts";
import { InputError } from "../input-error.ts";
import { checkTarget, forceOption } from "../part-file.ts";
import type { Source } from "../read.ts";
import { openSource } from "../read.ts";
import type { Run } from "../run.ts";
import type { LineWriter } from "../write.ts";
import { openWriter } from "../write.ts";

interface Options {
  readonly facts?: "recorded" | "decided" | "none";
  readonly force?: true;
}

/** Writes inputs and the facts that the model decides. */
async function writeDecided(
  run: Run,
  source: Source,
  writer: LineWriter,
): Promise<InputError | undefined> {
  const step = async ({ seq, input, facts }: Step): Promise<void> => {
    await writer.line(encodeInput(seq, input));
    for (const [index, fact] of facts.entries()) {
      await writer.line(encodeFact(seq + 1 + index, seq, fact));
    }
  };
  const { failure, world } = await foldSource(source, run.terminal, { step });
  if (failure === undefined) await writer.line(encodeEnd(world.seq));
  return failure;
}

/** Writes what the file has, without folding; with `withFacts` false the inputs alone. */
async function copy(
  source: Source,
  writer: LineWriter,
  withFacts: boolean,
): Promise<InputError | undefined> {
  let last = 0;
  try {
    for await (const batch of source.batches) {
      for (const entry of batch) {
        if (!withFacts && "fact" in entry) continue;
        last = entry.seq ?? last + 1;
        await writer.line(encodeEvent({ ...entry, seq: last }));
      }
    }
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  // A log without its end may have been cut; its copy has no end either.
  if (source.kind === "recording" || source.hasEnded()) await writer.line(encodeEnd(last));
  return undefined;
}

async function convert(run: Run, from: string, to: string, options: Options): Promise<void> {
  await checkTarget(run.terminal, { file: to, from, force: options.force });
  const source = await openSource(from);
  const facts = options.facts ?? (source.kind === "recording" ? "decided" : "recorded");
  if (facts === "recorded" && source.kind === "recording") {
    await source.close();
    throw new InputError(`${from}: is a recording and has no facts; use --facts decided or none`);
  }
  const writer = openWriter(to);
  await writer.line(encodeHeader(source.setup));
  const failure =
    facts === "decided"
      ? await writeDecided(run, source, writer)
      : await copy(source, writer, facts === "recorded");
  await writer.close();
  if (failure === undefined) return;
  const kept = to === "-" ? "everything before it was written" : `${to} has everything before it`;
  run.fail(new InputError(`${failure.message}; ${kept}`));
}

/** Adds `convert IN OUT`. */
export function addConvert(program: Command, run: Run): void {
  const facts = new Option(
    "--facts <which>",
    "recorded: those that the log has; decided: those that the model decides; none",
  ).choices(["recorded", "decided", "none"]);
  program
    .command("convert")
    .summary("turn a recording into a log, or a log into another")
    .description(
      "Writes a log of the newest format, gzipped when its name ends in .gz. A recording's facts " +
        "are decided by the model, a log's are taken over as they are, none if it has none, " +
        "and its end if it has one, unless --facts says otherwise. Deciding numbers all events " +
        "anew. When the input is bad in the middle, everything before that is written.",
    )
    .argument("<in>", "log or recording, gzipped or not; - is standard input")
    .argument("<out>", "log to write; - is standard output")
    .addOption(facts)
    .option(...forceOption)
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold convert recordings/linux-vfio-edu.jsonl.gz edu.ndjson.gz",
    )
    .action((from: string, to: string, options: Options) => convert(run, from, to, options));
}
