/** One thing to put into an initial file system. Paths have no leading slash. */
export type ArchiveEntry =
  | { readonly path: string; readonly directory: true }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly bytes: Uint8Array; readonly executable: boolean };

const fileType = { directory: 0o040000, file: 0o100000, link: 0o120000 } as const;

/** Zero bytes up to the next multiple of four. */
const padding = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);

function record(path: string, mode: number, inode: number, content: Uint8Array): Buffer {
  const name = Buffer.from(`${path}\0`);
  const links = (mode & 0o170000) === fileType.directory ? 2 : 1;
  // Inode, mode, owner, group, links, time, size, device (major, minor) twice, name, checksum.
  const words = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const fields = words.map((word) => word.toString(16).padStart(8, "0")).join("");
  const head = Buffer.concat([Buffer.from(`070701${fields}`), name]);
  return Buffer.concat([head, padding(head.length), content, padding(content.length)]);
}

function contentOf(entry: ArchiveEntry): { mode: number; content: Uint8Array } {
  if ("directory" in entry) return { mode: fileType.directory | 0o755, content: Buffer.alloc(0) };
  if ("link" in entry) return { mode: fileType.link | 0o777, content: Buffer.from(entry.link) };
  return { mode: fileType.file | (entry.executable ? 0o755 : 0o644), content: entry.bytes };
}

/**
 * An initial file system as Linux reads it: a cpio archive of the "newc" format, not compressed.
 * Equal entries give equal bytes: owner and times are zero.
 *
 * @param entries  in the order in which they are made; a directory comes before what is in it.
 */
export function packArchive(entries: readonly ArchiveEntry[]): Buffer {
  const records = entries.map((entry, index) => {
    const { mode, content } = contentOf(entry);
    return record(entry.path, mode, index + 1, content);
  });
  return Buffer.concat([...records, record("TRAILER!!!", 0, 0, Buffer.alloc(0))]);
}
