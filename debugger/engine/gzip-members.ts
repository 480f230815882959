import { Gunzip } from "fflate";

/**
 * Unpacks gzip data of several members, one after the other, where browsers stop behind the first:
 * what was unpacked already is left out.
 *
 * @param pieces  the packed data from its start; after the last one nothing may be missing.
 * @param known   bytes that were unpacked already.
 * @throws when there is one member alone, or what follows is damaged or cut short.
 */
export async function* gzipMembers(
  pieces: AsyncIterable<Uint8Array>,
  known: number,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly taken: number }, void> {
  const out: Uint8Array[] = [];
  let members = 0;
  let skipped = 0;
  let taken = 0;
  const gunzip = new Gunzip((bytes) => {
    const rest = bytes.subarray(Math.min(bytes.length, known - skipped));
    skipped += bytes.length - rest.length;
    if (rest.length > 0) out.push(rest);
  });
  gunzip.onmember = () => {
    members += 1;
  };
  let last: Uint8Array | undefined;
  for await (const piece of pieces) {
    if (last !== undefined) gunzip.push(last);
    for (const bytes of out.splice(0)) yield { bytes, taken };
    last = piece;
    taken += piece.length;
  }
  gunzip.push(last ?? new Uint8Array(), true);
  if (members < 2) throw new Error("there is one member");
  for (const bytes of out) yield { bytes, taken };
}
