import { encodeFact, encodeHeader, encodeInput } from "../events/log/log.ts";
import { encodeEnd } from "../events/log/log-end.ts";
import { LogError } from "../events/log/log-error.ts";
import type { Recording } from "../events/log/recording.ts";
import { openRecording } from "../events/log/recording.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import type { World } from "../projections/world.ts";
import { judge } from "../properties/judge.ts";
import { InputError, lineError } from "./input-error.ts";
import type { Disagreement, Tally } from "./render/replay.ts";
import type { LineWriter } from "./write.ts";
import { openWriter } from "./write.ts";

/** What a log that was written while it was recorded has in it. */
export interface LiveLog {
  /** Events: inputs and facts. */
  events: number;
  readonly dma: Tally;
  readonly faults: Tally;
  readonly interrupts: Tally;
  /** Answers that the model does not give. */
  readonly disagreements: Disagreement[];
  /** Laws that do not hold, with the event that shows it. */
  readonly violations: string[];
}

const noTally = () => ({ agree: 0, disagree: 0, unjudged: 0 });

/** A log that is being written: the state so far, and where it goes. */
interface Writing {
  readonly recording: Recording;
  readonly writer: LineWriter;
  world: World;
  /** Lines of the recording so far. */
  lines: number;
}

function newLiveLog() {
  const tallies = { dma: noTally(), faults: noTally(), interrupts: noTally() };
  return {
    events: 0,
    ...tallies,
    disagreements: [],
    violations: [],
  } satisfies LiveLog as LiveLog & {
    readonly [K in keyof typeof tallies]: ReturnType<typeof noTally>;
  };
}

async function start(file: string, header: string, ramBytes: bigint): Promise<Writing> {
  const recording = openRecording(header, ramBytes);
  const world = createWorld(recording.setup);
  const writer = openWriter(file);
  await writer.line(encodeHeader(recording.setup));
  return { recording, writer, world, lines: 1 };
}

async function add(
  writing: Writing,
  line: string,
  log: ReturnType<typeof newLiveLog>,
): Promise<void> {
  const { recording, writer } = writing;
  writing.lines += 1;
  for (const input of recording.read(line, writing.lines)) {
    const before = writing.world;
    const seq = before.seq + 1;
    const { world: after, facts } = fold(before, input);
    writing.world = after;
    await writer.line(encodeInput(seq, input));
    for (const [index, fact] of facts.entries()) {
      await writer.line(encodeFact(seq + 1 + index, seq, fact));
    }
    log.events = after.seq;
    const { kind, verdict, violations } = judge({ seq, input, facts, before, after });
    if (kind === undefined) continue;
    log[kind][verdict.verdict] += 1;
    for (const { law, text } of violations) log.violations.push(`${law}: ${text}`);
    if (verdict.verdict !== "disagree") continue;
    log.disagreements.push({ seq, line: seq + 1, text: verdict.text });
  }
}

/**
 * Folds a recording while it is made and writes it as a log with the facts that the model decides.
 * When it breaks off, the log ends there; when nothing has happened yet, or the process is ended,
 * there is none.
 *
 * @param batches  lines of a recording, the first line alone first.
 * @param ramBytes  the guest's memory.
 * @throws InputError when the file cannot be written; whatever `batches` throws.
 */
export async function writeLiveLog(
  file: string,
  batches: AsyncIterable<readonly string[]>,
  ramBytes: bigint,
): Promise<LiveLog> {
  const log = newLiveLog();
  let writing: Writing | undefined;
  let isWhole = false;
  const abandon = (): void => writing?.writer.abandon();
  try {
    for await (const batch of batches) {
      const [first = "", ...others] = batch;
      if (writing === undefined) {
        writing = await start(file, first, ramBytes);
        process.once("exit", abandon);
      } else if (batch.length > 0) await add(writing, first, log);
      for (const line of others) await add(writing, line, log);
    }
    if (writing !== undefined) await writing.writer.line(encodeEnd(writing.world.seq));
    isWhole = true;
  } catch (error) {
    if (error instanceof LogError) throw lineError("the recording", error.line, error.reason);
    throw error;
  } finally {
    if (isWhole || log.events > 0) await writing?.writer.close();
    else abandon();
    process.off("exit", abandon);
  }
  if (writing === undefined) throw new InputError(`${file}: nothing was recorded`);
  return log;
}
