import type { HasBug } from "./bugs.ts";

/** What a unit remembers of walks: pages of 4 KiB, by domain-id, and what was allowed. */
export interface Iotlb {
  readonly find: (did: number, address: bigint, access: "read" | "write") => bigint | undefined;
  readonly keep: (did: number, address: bigint, access: "read" | "write", at: bigint) => void;
  /** Forgets all (1), what one domain has (2), or 2^mask pages of it (3). */
  readonly invalidate: (scope: number, did: number, address: bigint, mask: number) => void;
}

interface Entry {
  readonly did: number;
  readonly page: bigint;
  readonly to: bigint;
}

/** One that remembers nothing yet. */
export function newIotlb(hasBug: HasBug): Iotlb {
  const entries = new Map<string, Entry>();
  const keyOf = (did: number, page: bigint, access: string): string => `${did} ${page} ${access}`;
  return {
    find: (did, address, access) => {
      const entry = entries.get(keyOf(did, address >> 12n, access));
      return entry && (entry.to << 12n) + (address & 0xfffn);
    },
    keep: (did, address, access, at) => {
      const page = address >> 12n;
      entries.set(keyOf(did, page, access), { did, page, to: at >> 12n });
    },
    invalidate: (scope, did, address, mask) => {
      const shift = BigInt(hasBug(8) ? 0 : mask);
      const first = (address >> 12n) >> shift;
      for (const [key, entry] of entries) {
        const isNamed = scope < 3 || entry.page >> shift === first;
        if (scope === 1 || (entry.did === did && isNamed)) entries.delete(key);
      }
    },
  };
}
