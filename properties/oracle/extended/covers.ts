import type { ExtendedWork, Range } from "./work.ts";

/**
 * Something that the worst cache remembers. An address is that of the first byte that it is about,
 * and `length` how many bytes.
 */
export type Cached =
  | { readonly kind: "context"; readonly sid: number; readonly did: number }
  | { readonly kind: "pasidEntry"; readonly did: number; readonly pasid: number }
  /** A whole translation, or an upper entry on the way (`leaf` false), of second-level tables. */
  | ({ readonly kind: "second"; readonly did: number; readonly leaf: boolean } & Range)
  /** The same of first-level tables, nested or not. */
  | ({
      readonly kind: "first";
      readonly did: number;
      readonly pasid: number;
      readonly leaf: boolean;
      readonly global: boolean;
    } & Range)
  /** What a device holds. */
  | ({ readonly kind: "device"; readonly sid: number; readonly pasid: number | undefined } & Range);

/** Function bits that a mask leaves out of the comparison of source-ids. */
const maskBits = [0b000, 0b100, 0b110, 0b111] as const;

const meets = (one: Range, other: Range): boolean =>
  one.address < other.address + other.length && other.address < one.address + one.length;

type WorkOf<K extends ExtendedWork["kind"]> = Extract<ExtendedWork, { readonly kind: K }>;

/**
 * Whether an invalidation surely removes something that is cached: hardware may remove more,
 * software may not count on it.
 */
export function covers(work: ExtendedWork, cached: Cached): boolean {
  switch (work.kind) {
    case "context":
      return cached.kind === "context" && coversContext(work, cached);
    case "pasidCache":
      return cached.kind === "pasidEntry" && coversPasid(work, cached);
    case "iotlb":
      return coversTranslation(work, cached);
    case "extendedIotlb":
      return cached.kind === "first" && coversFirst(work, cached);
    case "deviceTlb":
      // Reading: one without PASID leaves what a device holds for its PASIDs.
      return (
        cached.kind === "device" &&
        cached.sid === work.sid &&
        cached.pasid === undefined &&
        meets(work, cached)
      );
    case "extendedDeviceTlb":
      return cached.kind === "device" && coversDevice(work, cached);
    default:
      return false;
  }
}

/**
 * Reading: an extended context is tagged with its own domain-id, as a regular one is, and with 0
 * where it was not present.
 */
function coversContext(
  { scope, did, sid, mask }: WorkOf<"context">,
  cached: Extract<Cached, { readonly kind: "context" }>,
): boolean {
  if (scope === "global") return true;
  if (cached.did !== did) return false;
  const compared = 0xffff & ~(maskBits[mask] ?? 0);
  return scope === "domain" || (cached.sid & compared) === (sid & compared);
}

/**
 * Reading: a PASID entry that was not present is tagged with the domain-id of its context and its
 * own PASID, as 2.4 says; 0 stands for not present in the context cache alone. Linux 4.x announces
 * a new entry under caching mode with PASID 0, which does not cover it.
 */
const coversPasid = (
  { scope, did, pasid }: WorkOf<"pasidCache">,
  cached: Extract<Cached, { readonly kind: "pasidEntry" }>,
): boolean => cached.did === did && (scope === "domain" || cached.pasid === pasid);

/**
 * Reading: an IOTLB invalidation of a domain or of its pages removes all of the first level that is
 * tagged with the domain-id, global pages too, whatever its range and hint.
 */
function coversTranslation(
  { scope, did, leafOnly, ...range }: WorkOf<"iotlb">,
  cached: Cached,
): boolean {
  if (cached.kind !== "second" && cached.kind !== "first") return false;
  if (scope === "global") return true;
  if (cached.did !== did) return false;
  if (scope === "domain" || cached.kind === "first") return true;
  return meets(range, cached) && (cached.leaf || !leafOnly);
}

/**
 * Reading: a global page is kept by all but those that name global pages: all of a domain, and a
 * range with GL. A range is that of its own PASID, with GL too.
 */
function coversFirst(
  { scope, did, pasid, leafOnly, global, ...range }: WorkOf<"extendedIotlb">,
  cached: Extract<Cached, { readonly kind: "first" }>,
): boolean {
  if (cached.did !== did) return false;
  if (scope === "all") return true;
  if (cached.global && !(scope === "page" && global)) return false;
  if (scope === "notGlobal") return true;
  if (cached.pasid !== pasid) return false;
  return scope === "pasid" || (meets(range, cached) && (cached.leaf || !leafOnly));
}

/** Reading: one with G is for every PASID, and not for requests without one. */
function coversDevice(
  { sid, pasid, ...range }: WorkOf<"extendedDeviceTlb">,
  cached: Extract<Cached, { readonly kind: "device" }>,
): boolean {
  if (cached.sid !== sid || cached.pasid === undefined) return false;
  return (pasid === "all" || cached.pasid === pasid) && meets(range, cached);
}
