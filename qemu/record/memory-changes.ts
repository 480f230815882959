import type { GuestMemory } from "./guest-memory.ts";

/** Bytes of guest memory that are not what they were when last looked at. */
export interface MemoryChange {
  readonly gpa: number;
  readonly bytes: Buffer;
}

/** What is known of a guest's memory. */
export interface KnownMemory {
  /**
   * Looks at one page again.
   *
   * @param gpa  the address of a page of 4 KiB.
   * @returns the page as it is now, and its changed words of 8 bytes, adjacent ones as one.
   */
  readonly look: (gpa: number) => { readonly page: Buffer; readonly changes: MemoryChange[] };
  /** The same for any bytes that start and end on a multiple of 8. */
  readonly lookAt: (gpa: number, length: number) => readonly MemoryChange[];
}

const pageBytes = 4096;

function differences(old: Buffer, now: Buffer, gpa: number): MemoryChange[] {
  const changes: MemoryChange[] = [];
  let start = -1;
  for (let at = 0; at <= now.length; at += 8) {
    const differs = at < now.length && now.compare(old, at, at + 8, at, at + 8) !== 0;
    if (differs && start < 0) start = at;
    if (differs || start < 0) continue;
    changes.push({ gpa: gpa + start, bytes: Buffer.from(now.subarray(start, at)) });
    start = -1;
  }
  return changes;
}

/** Starts with memory that is all zero. */
export function knowMemory(memory: GuestMemory): KnownMemory {
  const pages = new Map<number, Buffer>();
  const zeros = Buffer.alloc(pageBytes);
  const look: KnownMemory["look"] = (gpa) => {
    const page = memory.read(gpa, pageBytes);
    const old = pages.get(gpa) ?? zeros;
    if (page.equals(old)) return { page: old, changes: [] };
    pages.set(gpa, page);
    return { page, changes: differences(old, page, gpa) };
  };
  const part = (gpa: number, length: number): readonly MemoryChange[] => {
    const base = gpa - (gpa % pageBytes);
    if (length === pageBytes) return look(gpa).changes;
    const old = pages.get(base) ?? zeros;
    const now = Buffer.from(old);
    memory.read(gpa, length).copy(now, gpa - base);
    const changes = differences(old, now, base);
    if (changes.length > 0) pages.set(base, now);
    return changes;
  };
  const lookAt: KnownMemory["lookAt"] = (gpa, length) => {
    const changes: MemoryChange[] = [];
    for (let at = gpa; at < gpa + length; ) {
      const end = Math.min(gpa + length, at - (at % pageBytes) + pageBytes);
      changes.push(...part(at, end - at));
      at = end;
    }
    return changes;
  };
  return { look, lookAt };
}
