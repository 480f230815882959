import type { Chunk } from "../columns/chunk.ts";
import { newChunk } from "../columns/chunk.ts";
import type { Columns } from "../columns/columns.ts";
import { columnNames } from "../columns/event-column.ts";
import type { ByteReader, ByteWriter } from "../timeline/byte-writer.ts";
import {
  newByteReader,
  newByteWriter,
  readBytes,
  readCount,
  writeBytes,
  writeCount,
} from "../timeline/byte-writer.ts";

type Numbers = Uint8Array | Uint16Array | Uint32Array;

/** An array of a chunk, by where it is. */
interface Slot {
  readonly get: (chunk: Chunk) => Numbers | undefined;
  readonly set: (chunk: Chunk, values: Numbers) => void;
  readonly bytes: 1 | 2 | 4;
}

type Grouped = Record<string, Numbers | undefined>;

const grouped = (of: (chunk: Chunk) => object, name: string, bytes: Slot["bytes"]): Slot => ({
  get: (chunk) => (of(chunk) as Grouped)[name],
  set: (chunk, values) => {
    (of(chunk) as Grouped)[name] = values;
  },
  bytes,
});

const plainBytes = {
  guest: 1,
  device: 2,
  source: 2,
  pasid: 4,
  offset: 2,
  reason: 1,
  did: 2,
} as const;

/** Every array that a chunk may have, in the order in which they are written. */
const slots: readonly Slot[] = [
  grouped((chunk) => chunk, "event", 1),
  grouped((chunk) => chunk, "present", 2),
  grouped((chunk) => chunk, "written", 4),
  grouped((chunk) => chunk, "read", 4),
  grouped((chunk) => chunk, "events", 4),
  ...columnNames.flatMap((name) =>
    name === "iova" || name === "gpa"
      ? [
          grouped((chunk) => chunk.low, name, 4),
          grouped((chunk) => chunk.high, name, 4),
          grouped((chunk) => chunk.pages, name, 4),
        ]
      : [grouped((chunk) => chunk.plain, name, plainBytes[name])],
  ),
];

const bytesOf = ({ buffer, byteOffset, byteLength }: Numbers): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function writeChunk(writer: ByteWriter, chunk: Chunk): void {
  writeCount(writer, chunk.count);
  writeCount(writer, chunk.devices >>> 0);
  writeCount(writer, chunk.isWide ? 1 : 0);
  for (const slot of slots) {
    const values = slot.get(chunk);
    writeBytes(writer, values === undefined ? new Uint8Array(0) : bytesOf(values));
  }
}

/** What is kept of every event, as bytes. */
export function saveColumns({ chunks }: Columns): Uint8Array {
  const writer = newByteWriter(chunks.length * 65_536 + 1024);
  writeCount(writer, chunks.length);
  for (const chunk of chunks) writeChunk(writer, chunk);
  return writer.bytes.subarray(0, writer.length);
}

const arrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array } as const;

function readChunk(reader: ByteReader): Chunk {
  const chunk = newChunk();
  chunk.count = readCount(reader);
  chunk.devices = readCount(reader) | 0;
  chunk.isWide = readCount(reader) === 1;
  for (const slot of slots) {
    const bytes = readBytes(reader);
    if (bytes.length > 0) {
      slot.set(
        chunk,
        new arrays[slot.bytes](bytes.buffer as ArrayBuffer, 0, bytes.length / slot.bytes),
      );
    }
  }
  return chunk;
}

/** The columns that were saved. @throws RangeError when the bytes are not what they were. */
export function readColumns(bytes: Uint8Array): Columns {
  const reader = newByteReader(bytes);
  const chunks = Array.from({ length: readCount(reader) }, () => readChunk(reader));
  return { chunks, count: chunks.reduce((sum, { count }) => sum + count, 0) };
}
