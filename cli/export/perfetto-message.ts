import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import { WireType } from "@bufbuild/protobuf/wire";

/**
 * What is used of Perfetto's trace format: numbers of fields as in `perfetto/trace/trace.proto`,
 * `trace_packet.proto`, `track_event/track_descriptor.proto`, `process_descriptor.proto`,
 * `track_event.proto` and `debug_annotation.proto` of https://github.com/google/perfetto (Apache
 * 2.0). https://perfetto.dev/docs/reference/synthetic-track-event tells what they mean.
 */
export const field = {
  trace: { packet: 1 },
  packet: { timestamp: 8, sequence: 10, trackEvent: 11, trackDescriptor: 60 },
  track: { uuid: 1, name: 2, process: 3, parent: 5 },
  process: { pid: 1, name: 6 },
  event: {
    annotations: 4,
    type: 9,
    track: 11,
    categories: 22,
    name: 23,
    flows: 47,
    endingFlows: 48,
  },
  annotation: { text: 6, name: 10 },
} as const;

/** Kinds of events on a track. */
export const eventType = { begin: 1, end: 2, instant: 3 } as const;

/** A track: a lane, or the process that lanes belong to. */
export interface Track {
  readonly uuid: bigint;
  readonly name: string;
  readonly parent?: bigint;
  /** Of a process, its number. */
  readonly pid?: number;
}

/** Something on a track. */
export interface TrackEvent {
  /** In nanoseconds. */
  readonly timestamp: bigint;
  readonly type: (typeof eventType)[keyof typeof eventType];
  readonly track: bigint;
  readonly name?: string;
  readonly category?: string;
  /** Arrows that begin here, and the one that ends here: each by a number of its own. */
  readonly flows?: readonly bigint[];
  readonly endingFlow?: bigint;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** All packets come from one writer. */
const sequence = 1;

const { Varint, Bit64, LengthDelimited } = WireType;

const text = (writer: BinaryWriter, number: number, value: string): BinaryWriter =>
  writer.tag(number, LengthDelimited).string(value);

/** Writes a message as a field. */
function message(writer: BinaryWriter, number: number, write: () => void): void {
  writer.tag(number, LengthDelimited).fork();
  write();
  writer.join();
}

/** Writes a packet that declares a track. */
export function writeTrack(writer: BinaryWriter, { uuid, name, parent, pid }: Track): void {
  message(writer, field.trace.packet, () => {
    writer.tag(field.packet.sequence, Varint).uint32(sequence);
    message(writer, field.packet.trackDescriptor, () => {
      writer.tag(field.track.uuid, Varint).uint64(uuid);
      text(writer, field.track.name, name);
      if (parent !== undefined) writer.tag(field.track.parent, Varint).uint64(parent);
      if (pid === undefined) return;
      message(writer, field.track.process, () => {
        writer.tag(field.process.pid, Varint).int32(pid);
        text(writer, field.process.name, name);
      });
    });
  });
}

/** Writes a packet with an event. */
export function writeTrackEvent(writer: BinaryWriter, event: TrackEvent): void {
  const {
    timestamp,
    type,
    track,
    name,
    category,
    flows = [],
    endingFlow,
    annotations = {},
  } = event;
  message(writer, field.trace.packet, () => {
    writer.tag(field.packet.timestamp, Varint).uint64(timestamp);
    writer.tag(field.packet.sequence, Varint).uint32(sequence);
    message(writer, field.packet.trackEvent, () => {
      for (const [key, value] of Object.entries(annotations)) {
        message(writer, field.event.annotations, () => {
          text(writer, field.annotation.text, value);
          text(writer, field.annotation.name, key);
        });
      }
      writer.tag(field.event.type, Varint).int32(type);
      writer.tag(field.event.track, Varint).uint64(track);
      if (category !== undefined) text(writer, field.event.categories, category);
      if (name !== undefined) text(writer, field.event.name, name);
      for (const flow of flows) writer.tag(field.event.flows, Bit64).fixed64(flow);
      if (endingFlow !== undefined) {
        writer.tag(field.event.endingFlows, Bit64).fixed64(endingFlow);
      }
    });
  });
}
