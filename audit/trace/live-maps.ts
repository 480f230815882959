import type { Change } from "./driver-context.ts";

/** The mappings that a trace has made and not taken back, by their first byte. */
export interface LiveMaps {
  readonly add: (map: Change) => void;
  /** Those that an unmapping takes back: one after the other they fill its range. */
  readonly under: (unmap: Change) => readonly Change[];
  /** Takes back those of one domain, or all when the domain is not known. */
  readonly remove: (maps: readonly Change[], did: number | undefined) => void;
}

/** No mappings so far. */
export function startLiveMaps(): LiveMaps {
  const byFirst = new Map<bigint, Change[]>();
  return {
    add: (map) => {
      const { first } = map.seen;
      const others = byFirst.get(first);
      if (others === undefined) byFirst.set(first, [map]);
      else others.push(map);
    },
    under: ({ seen }) => {
      const found: Change[] = [];
      // Mappings of one address in several domains may be of several sizes.
      const reached = new Set<bigint>();
      const open = [seen.first];
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        if (at >= seen.end || reached.has(at)) continue;
        reached.add(at);
        for (const map of byFirst.get(at) ?? []) {
          found.push(map);
          open.push(map.seen.end);
        }
      }
      return found;
    },
    remove: (maps, did) => {
      for (const map of maps) {
        if (did !== undefined && map.did !== undefined && map.did !== did) continue;
        const { first } = map.seen;
        const left = (byFirst.get(first) ?? []).filter((one) => one !== map);
        if (left.length > 0) byFirst.set(first, left);
        else byFirst.delete(first);
      }
    },
  };
}
