import type { ByteReader } from "../timeline/byte-writer.ts";
import {
  newByteReader,
  readByte,
  readBytes,
  readCount,
  readFloat,
  readText,
  readWord,
} from "../timeline/byte-writer.ts";
import { kinds, tags } from "./graph-writer.ts";

/** What a graph was written as, with the values that were read so far: each is made once. */
export interface GraphReader {
  readonly records: Uint8Array;
  readonly starts: Float64Array;
  readonly shapes: readonly (readonly string[])[];
  readonly known: Map<number, object>;
}

function readValue(graph: GraphReader, reader: ByteReader): unknown {
  const tag = readByte(reader);
  switch (tag) {
    case tags.count:
      return readCount(reader);
    case tags.object:
      return readGraph(graph, readCount(reader));
    case tags.word:
      return readWord(reader);
    case tags.text:
      return readText(reader);
    case tags.float:
      return readFloat(reader);
    case tags.null:
      return null;
    case tags.undefined:
      return undefined;
    default:
      return tag === tags.true;
  }
}

function readList(graph: GraphReader, reader: ByteReader, kind: number): unknown[] {
  const length = readCount(reader);
  return Array.from({ length }, () =>
    kind === kinds.counts ? readCount(reader) : readValue(graph, reader),
  );
}

function readRecord(graph: GraphReader, reader: ByteReader): object {
  const kind = readByte(reader);
  if (kind === kinds.bytes) return readBytes(reader);
  if (kind === kinds.set) return new Set(readList(graph, reader, readByte(reader)));
  if (kind !== kinds.fields) return readList(graph, reader, kind);
  const value: Record<string, unknown> = {};
  for (const name of graph.shapes[readCount(reader)] ?? []) value[name] = readValue(graph, reader);
  return value;
}

/** The object of a number. @throws RangeError when the records are not what they were. */
export function readGraph(graph: GraphReader, number: number): object {
  const known = graph.known.get(number);
  if (known !== undefined) return known;
  const start = graph.starts[number];
  if (start === undefined) throw new RangeError("no record of that number");
  const reader = newByteReader(graph.records);
  reader.at = start;
  const value = readRecord(graph, reader);
  graph.known.set(number, value);
  return value;
}
