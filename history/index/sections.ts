/** Parts of an index by name, each beginning at a multiple of eight bytes. */
export interface SectionWriter {
  readonly parts: Uint8Array[];
  readonly places: Record<string, readonly [start: number, length: number]>;
  length: number;
}

export const newSectionWriter = (): SectionWriter => ({ parts: [], places: {}, length: 0 });

const alignment = 8;

/** Adds a part; the bytes are not copied. */
export function addSection(writer: SectionWriter, name: string, bytes: ArrayBufferView): void {
  const part = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  writer.places[name] = [writer.length, part.length];
  const padding = (alignment - (part.length % alignment)) % alignment;
  writer.parts.push(part, new Uint8Array(padding));
  writer.length += part.length + padding;
}

/** Parts of an index that was read. */
export interface Sections {
  readonly body: Uint8Array;
  readonly places: Readonly<Record<string, readonly [start: number, length: number]>>;
}

/** The bytes of a part; none where there is no such part. */
export function sectionBytes({ body, places }: Sections, name: string): Uint8Array {
  const [start, length] = places[name] ?? [0, 0];
  return body.subarray(start, start + length);
}

/** Kinds of arrays of numbers. */
export type MadeNumbers = typeof Uint8Array | typeof Uint32Array | typeof Float64Array;

/** Bytes as numbers of a kind. */
export function numbersIn(
  bytes: Uint8Array,
  made: MadeNumbers,
): Uint8Array | Uint32Array | Float64Array {
  const own = bytes.slice();
  return new made(own.buffer, 0, own.length / made.BYTES_PER_ELEMENT);
}
