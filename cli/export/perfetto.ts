import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { facts } from "../../events/fact.ts";
import type { FieldTable } from "../../events/field.ts";
import { shapeToJson } from "../../events/field.ts";
import { inputs } from "../../events/input.ts";
import { printable } from "../../events/printable.ts";
import type { Step } from "../../history/step.ts";
import type { Judge } from "../../history/timeline/finding.ts";
import type { Event } from "../../projections/evolve.ts";
import type { Exporter } from "./exporter.ts";
import { laneOf } from "./lane.ts";
import { eventType, writeTrack, writeTrackEvent } from "./perfetto-message.ts";

const tables: Readonly<Record<string, FieldTable>> = { ...inputs, ...facts };

/** A log has no clock: an event takes a microsecond. */
const tick = 1000n;
/** Events side by side do not touch, so that each can be pointed at. */
const length = 900n;

const longestText = 400;

/** The fields of an event as they stand in a log. */
function annotationsOf({ type, ...body }: Event, seq: number): Readonly<Record<string, string>> {
  const written = shapeToJson(tables[type] ?? {}, body);
  const fields = Object.entries(written).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [name, printable(text.slice(0, longestText))];
  });
  return { event: `event:${seq.toString()}`, ...Object.fromEntries(fields) };
}

/** Tracks, each declared when something is first drawn on it. */
interface Tracks {
  readonly known: Map<string, bigint>;
}

function trackOf(writer: BinaryWriter, { known }: Tracks, guest: number, lane: string): bigint {
  const process = `guest ${guest.toString()}`;
  const uuid = (name: string, more: object): bigint => {
    const old = known.get(name);
    if (old !== undefined) return old;
    const made = BigInt(known.size + 1);
    known.set(name, made);
    writeTrack(writer, { uuid: made, name: name.split("/").at(-1) ?? name, ...more });
    return made;
  };
  const parent = uuid(process, { pid: guest + 1 });
  return uuid(`${process}/${lane}`, { parent });
}

const alarming = /(Blocked|Halted|Aborted|Dropped|Overflowed|Refused|FaultRecorded)$/;

/** An event and the track that it is drawn on. */
interface Drawn {
  readonly event: Event;
  readonly seq: number;
  readonly track: bigint;
}

function drawnOf(writer: BinaryWriter, tracks: Tracks, step: Step): readonly Drawn[] {
  const { seq, input, facts: followed } = step;
  return [input, ...followed].map((event: Event, index) => {
    const guest = ("guest" in event ? event.guest : undefined) ?? input.guest ?? 0;
    return { event, seq: seq + index, track: trackOf(writer, tracks, guest, laneOf(event)) };
  });
}

function writeStep(writer: BinaryWriter, tracks: Tracks, step: Step): void {
  const drawn = drawnOf(writer, tracks, step);
  // An arrow leads from an input to each event that follows in another lane.
  const ends = new Set(drawn.flatMap(({ seq, track }) => (track === drawn[0]?.track ? [] : [seq])));
  for (const { event, seq, track } of drawn) {
    const isInput = seq === step.seq;
    const kind = isInput ? "input" : "fact";
    writeTrackEvent(writer, {
      timestamp: BigInt(seq) * tick,
      type: eventType.begin,
      track,
      name: event.type,
      category: alarming.test(event.type) ? "alarm" : kind,
      annotations: annotationsOf(event, seq),
      ...(isInput ? { flows: [...ends].map(BigInt) } : {}),
      ...(ends.has(seq) ? { endingFlow: BigInt(seq) } : {}),
    });
    writeTrackEvent(writer, {
      timestamp: BigInt(seq) * tick + length,
      type: eventType.end,
      track,
    });
  }
}

function writeFindings(writer: BinaryWriter, tracks: Tracks, judge: Judge, step: Step): void {
  for (const { law, seq, text } of judge(step)) {
    writeTrackEvent(writer, {
      timestamp: BigInt(seq) * tick,
      type: eventType.instant,
      track: trackOf(writer, tracks, step.input.guest ?? 0, "Broken laws"),
      name: law,
      category: "law",
      annotations: { text: printable(text), finding: `finding:${law}/${seq.toString()}` },
    });
  }
}

/** A trace for Perfetto: a lane for each device and each part of the unit, arrows between. */
export function perfettoExporter(judge: Judge): Exporter {
  const tracks: Tracks = { known: new Map() };
  return {
    begin: () => "",
    step: (step) => {
      const writer = new BinaryWriter();
      writeStep(writer, tracks, step);
      writeFindings(writer, tracks, judge, step);
      return writer.finish();
    },
    end: () => "",
  };
}
