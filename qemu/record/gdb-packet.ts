/** The framing of GDB's remote protocol: `$`, the escaped text, `#` and two digits of checksum. */

const [escapeByte, star, dollar, hash] = [0x7d, 0x2a, 0x24, 0x23];

const checksum = (bytes: Uint8Array): string =>
  (bytes.reduce((sum, byte) => sum + byte, 0) & 0xff).toString(16).padStart(2, "0");

/** A packet with a text of ASCII that has none of the characters `$`, `#`, `}` and `*`. */
export const framed = (text: string): string => `$${text}#${checksum(Buffer.from(text))}`;

/** Undoes escapes (`}` and a byte with bit 5 turned over) and runs (`*` and a count plus 29). */
function unescaped(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === escapeByte) text += String.fromCharCode((bytes[++at] ?? 0) ^ 0x20);
    else if (byte === star)
      text += (text.at(-1) ?? "").repeat(Math.max(0, (bytes[++at] ?? 0) - 29));
    else text += String.fromCharCode(byte);
  }
  return text;
}

/**
 * Cuts a stream of bytes into packets. Acknowledgements between packets are passed over.
 *
 * @returns a function that takes the next bytes and gives the texts of the packets that they
 *   complete; a packet whose checksum is wrong is given as `undefined`.
 */
export function packetReader(): (bytes: Buffer) => readonly (string | undefined)[] {
  let held: Buffer = Buffer.alloc(0);
  return (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const packets: (string | undefined)[] = [];
    for (;;) {
      const start = held.indexOf(dollar);
      const end = start < 0 ? -1 : held.indexOf(hash, start);
      if (end < 0 || end + 3 > held.length) return packets;
      const body = held.subarray(start + 1, end);
      const isGood = held.toString("latin1", end + 1, end + 3).toLowerCase() === checksum(body);
      packets.push(isGood ? unescaped(body) : undefined);
      held = held.subarray(end + 3);
    }
  };
}
