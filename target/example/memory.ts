/** Guest memory: pages that are made when they are first used, all zeros until then. */
export interface Memory {
  /** 64 bits at an address that 8 divides; nothing where no memory is. */
  readonly word: (address: bigint) => bigint | undefined;
  readonly read: (address: bigint, length: number) => Uint8Array;
  /** Bytes for where no memory is are lost. */
  readonly write: (address: bigint, bytes: Uint8Array) => void;
  readonly clear: () => void;
}

const pageBytes = 4096n;

/** What the machine has: to 640 KiB, from 1 MiB to 2 GiB, and a GiB above 4 GiB. */
const isThere = (address: bigint): boolean =>
  address < 0xa_0000n ||
  (address >= 0x10_0000n && address < 0x8000_0000n) ||
  (address >= 0x1_0000_0000n && address < 0x1_4000_0000n);

/** An empty memory. */
export function newMemory(): Memory {
  const pages = new Map<bigint, Uint8Array>();
  const each = (address: bigint, length: number, visit: (page: Uint8Array, at: Place) => void) => {
    for (let done = 0; done < length; ) {
      const at = address + BigInt(done);
      const from = Number(at % pageBytes);
      const count = Math.min(length - done, Number(pageBytes) - from);
      const number = at / pageBytes;
      const page = pages.get(number) ?? new Uint8Array(Number(pageBytes));
      if (isThere(at)) pages.set(number, page);
      visit(page, { from, count, done });
      done += count;
    }
  };
  const read = (address: bigint, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    each(address, length, (page, { from, count, done }) => {
      bytes.set(page.subarray(from, from + count), done);
    });
    return bytes;
  };
  return {
    read,
    word: (address) =>
      isThere(address) ? new DataView(read(address, 8).buffer).getBigUint64(0, true) : undefined,
    write: (address, bytes) =>
      each(address, bytes.length, (page, { from, count, done }) => {
        page.set(bytes.subarray(done, done + count), from);
      }),
    clear: () => pages.clear(),
  };
}

/** A part of a page, and how many bytes came before it. */
interface Place {
  readonly from: number;
  readonly count: number;
  readonly done: number;
}
