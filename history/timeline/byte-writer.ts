/** Bytes that are added at the end. */
export interface ByteWriter {
  bytes: Uint8Array;
  view: DataView;
  length: number;
}

export function newByteWriter(room = 1024): ByteWriter {
  const bytes = new Uint8Array(room);
  return { bytes, view: new DataView(bytes.buffer), length: 0 };
}

/** Makes room for some more bytes. */
function reserve(writer: ByteWriter, count: number): void {
  const wanted = writer.length + count;
  if (wanted <= writer.bytes.length) return;
  const bytes = new Uint8Array(Math.max(wanted, writer.bytes.length * 2));
  bytes.set(writer.bytes.subarray(0, writer.length));
  writer.bytes = bytes;
  writer.view = new DataView(bytes.buffer);
}

export function writeByte(writer: ByteWriter, value: number): void {
  reserve(writer, 1);
  writer.bytes[writer.length] = value;
  writer.length += 1;
}

/** A whole number from 0 below 2^53, seven bits a byte, the lowest first. */
export function writeCount(writer: ByteWriter, value: number): void {
  reserve(writer, 8);
  let rest = value;
  while (rest >= 128) {
    writer.bytes[writer.length] = (rest % 128) + 128;
    writer.length += 1;
    rest = Math.floor(rest / 128);
  }
  writer.bytes[writer.length] = rest;
  writer.length += 1;
}

/** Any number at all. */
export function writeFloat(writer: ByteWriter, value: number): void {
  reserve(writer, 8);
  writer.view.setFloat64(writer.length, value, true);
  writer.length += 8;
}

export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writeCount(writer, bytes.length);
  reserve(writer, bytes.length);
  writer.bytes.set(bytes, writer.length);
  writer.length += bytes.length;
}

/** Text by its UTF-16 units: any text at all, also what is no Unicode. */
export function writeText(writer: ByteWriter, text: string): void {
  writeCount(writer, text.length);
  for (let index = 0; index < text.length; index++) writeCount(writer, text.charCodeAt(index));
}

const small = 1n << 48n;
const wide = 1n << 64n;
/** What says that 8 bytes follow, or digits. */
const [whole, digits] = [8, 9] as const;

/** A bigint from 0: few bytes when it is small. */
export function writeWord(writer: ByteWriter, value: bigint): void {
  if (value < small) {
    let rest = Number(value);
    const start = writer.length;
    writeByte(writer, 0);
    reserve(writer, 6);
    while (rest > 0) {
      writer.bytes[writer.length] = rest % 256;
      writer.length += 1;
      rest = Math.floor(rest / 256);
    }
    writer.bytes[start] = writer.length - start - 1;
  } else if (value < wide) {
    writeByte(writer, whole);
    reserve(writer, 8);
    writer.view.setBigUint64(writer.length, value, true);
    writer.length += 8;
  } else {
    writeByte(writer, digits);
    writeText(writer, value.toString(16));
  }
}

/** Bytes that are read one after the other. */
export interface ByteReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

export const newByteReader = (bytes: Uint8Array): ByteReader => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  at: 0,
});

/** The next byte. @throws RangeError beyond the end. */
export function readByte(reader: ByteReader): number {
  const value = reader.view.getUint8(reader.at);
  reader.at += 1;
  return value;
}

export function readCount(reader: ByteReader): number {
  let [value, unit] = [0, 1];
  for (;;) {
    const byte = readByte(reader);
    value += (byte % 128) * unit;
    if (byte < 128) return value;
    unit *= 128;
  }
}

export function readFloat(reader: ByteReader): number {
  const value = reader.view.getFloat64(reader.at, true);
  reader.at += 8;
  return value;
}

export function readBytes(reader: ByteReader): Uint8Array {
  const length = readCount(reader);
  if (reader.at + length > reader.bytes.length) throw new RangeError("bytes cut short");
  const bytes = reader.bytes.slice(reader.at, reader.at + length);
  reader.at += length;
  return bytes;
}

const unitsAtOnce = 4096;

export function readText(reader: ByteReader): string {
  let text = "";
  for (let rest = readCount(reader); rest > 0; rest -= unitsAtOnce) {
    const units = Array.from({ length: Math.min(rest, unitsAtOnce) }, () => readCount(reader));
    text += String.fromCharCode(...units);
  }
  return text;
}

export function readWord(reader: ByteReader): bigint {
  const length = readByte(reader);
  if (length === digits) return BigInt(`0x${readText(reader)}`);
  if (length === whole) {
    const value = reader.view.getBigUint64(reader.at, true);
    reader.at += 8;
    return value;
  }
  let [value, unit] = [0, 1];
  for (let index = 0; index < length; index++) {
    value += readByte(reader) * unit;
    unit *= 256;
  }
  return BigInt(value);
}
