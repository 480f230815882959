import type { SourceId } from "../events/address.ts";
import type { Chunk } from "../history/columns/chunk.ts";
import { presence } from "../history/columns/chunk.ts";
import { eventNumbers } from "../history/columns/event-column.ts";
import { scan, scanAll } from "../history/columns/scan.ts";
import { allWhere, questionOf } from "../history/expression/expression.ts";
import { changesIn } from "../history/lifeline/lifeline.ts";
import { stepOfEvent, worldAt } from "../history/timeline/seek.ts";
import type { Timeline } from "../history/timeline/timeline.ts";
import type { HistoryFile } from "./history-file.ts";
import type { ListOptions } from "./listed-event.ts";
import { checkFilters, isWanted, tellLast, textOf } from "./listed-event.ts";
import type { Run } from "./run.ts";

/** The numbers of the events that may be wanted, from the columns of a timeline. */
function candidates(timeline: Timeline, { from, to, type, where }: ListOptions): Iterable<number> {
  const last = Math.min(to ?? Number.POSITIVE_INFINITY, timeline.end.seq);
  const span = { from: Math.max(1, from), to: last };
  if (span.from > span.to) return [];
  if (where !== undefined) return allWhere(questionOf(timeline, where, changesIn(timeline)), span);
  const kinds = type === undefined ? undefined : new Set(eventNumbers([...type]));
  const isAt = (chunk: Chunk, at: number): boolean => kinds?.has(chunk.event[at] as number) ?? true;
  return scanAll(timeline.columns, span, { mayBeIn: () => true, isAt });
}

/** Whether an event up to one is about a device. */
function isMet({ columns }: Timeline, device: SourceId | undefined, to: number): boolean {
  const isAt = ({ plain, present }: Chunk, at: number): boolean => {
    const isDevice = ((present[at] as number) & presence.device) !== 0;
    const isSource = ((present[at] as number) & presence.source) !== 0;
    return isDevice ? plain.device?.[at] === device : isSource && plain.source?.[at] === device;
  };
  return to > 0 && scan(columns, { from: 1, to }, { mayBeIn: () => true, isAt }) !== undefined;
}

/** Lists events of a file that has an index: only the parts that have such events are folded. */
export function printIndexed(
  run: Run,
  file: string,
  options: ListOptions,
  history: HistoryFile,
): void {
  const { timeline, failure } = history;
  let shown: number | undefined;
  for (const seq of candidates(timeline, options)) {
    const step = stepOfEvent(timeline, seq);
    const event = step && (step.facts[seq - step.seq - 1] ?? step.input);
    if (step === undefined || event === undefined) continue;
    if (!isWanted(options, step, seq, event)) continue;
    run.terminal.out(textOf(run, options, seq, step));
    shown = seq;
  }
  tellLast(run, file, options, shown);
  const last = Math.min(options.to ?? Number.POSITIVE_INFINITY, timeline.end.seq);
  const isWhole = options.to !== undefined && options.to <= timeline.end.seq;
  if (failure !== undefined && !isWhole) run.fail(failure);
  else {
    const world = worldAt(timeline, last) ?? timeline.end;
    checkFilters(file, world, options, isMet(timeline, options.device, last));
  }
}
