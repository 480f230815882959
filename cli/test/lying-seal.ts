import { writeFileSync } from "node:fs";
import pc from "picocolors";
import { checkpointText } from "../../seal/checkpoint.ts";
import type { PrivateKey } from "../../seal/key.ts";
import { encodeNote } from "../../seal/note.ts";
import { signCheckpoint } from "../../seal/signature.ts";
import { writeFolder } from "../sealing/folder-writer.ts";
import { makeEntries } from "../sealing/log-entries.ts";
import type { Terminal } from "../terminal.ts";

const silent: Terminal = {
  out: () => undefined,
  err: () => undefined,
  colours: pc.createColors(false),
  drawsProgress: false,
};

/**
 * Seals a log whatever it says, as somebody who lies would; for tests.
 *
 * @param bend  what to make of each entry.
 */
export async function lyingSeal(
  file: string,
  folder: string,
  key: PrivateKey,
  bend: (entry: string) => string = (entry) => entry,
): Promise<void> {
  const writer = writeFolder(folder);
  await makeEntries(file, silent, 20, (entry) =>
    writer.add(Buffer.from(bend(Buffer.from(entry).toString("utf8")))),
  );
  writer.keep(noteOf(key, { size: writer.tree.size(), root: writer.tree.root() }));
}

/** A checkpoint signed with a key, of the origin of its name. */
export function noteOf(
  key: PrivateKey,
  head: { readonly size: number; readonly root: Uint8Array },
): string {
  const origin = key.publicKey.name;
  const text = checkpointText({ origin, ...head });
  const made = signCheckpoint(key, { origin, ...head, text });
  return encodeNote({ text, signatures: made === undefined ? [] : [made] });
}

/** Adds the line of a witness to a checkpoint. */
export function cosign(file: string, note: string, witness: PrivateKey, time: bigint): void {
  const [text = "", signatures = ""] = note.split("\n\n");
  const [origin = "", size = "", root = ""] = text.split("\n");
  const head = { origin, size: Number(size), root: Buffer.from(root, "base64") };
  const made = signCheckpoint(witness, { ...head, text: `${text}\n` }, time);
  const lines = made === undefined ? "" : encodeNote({ text: "", signatures: [made] }).trimStart();
  writeFileSync(file, `${text}\n\n${signatures}${lines}`);
}
