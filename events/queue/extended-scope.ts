import type { Scope, ScopeReader } from "./descriptor-scope.ts";
import { descriptorTypes, leaves, pagesAround, scopeReaders } from "./descriptor-scope.ts";
import { ExtendedIotlbDescriptor, ExtendedPasidCacheDescriptor } from "./extended-layouts.ts";

const extendedCache: ScopeReader = (descriptor) => {
  const { g, did, pasid } = ExtendedPasidCacheDescriptor.decode(descriptor);
  const names = ExtendedPasidCacheDescriptor.fields.g.names;
  const type = "PasidCacheInvalidated";
  if (g === names.domain) return { type, scope: "domain", did };
  return g === names.pasid ? { type, scope: "pasid", did, pasid } : undefined;
};

/**
 * Reading: the unit keeps global pages like others, so that they go with every granularity, which
 * forgets more than it must.
 */
const extendedIotlb: ScopeReader = (descriptor) => {
  const { g, did, pasid, am, ih, addr } = ExtendedIotlbDescriptor.decode(descriptor);
  const names = ExtendedIotlbDescriptor.fields.g.names;
  const type = "PasidIotlbInvalidated";
  if (g === names.all || g === names.nonGlobal) return { type, scope: "domain", did };
  if (g === names.pasid) return { type, scope: "pasid", did, pasid };
  return { type, scope: "page", did, pasid, ...pagesAround(addr, am), ...leaves(ih) };
};

const readers: ReadonlyMap<number, ScopeReader> = new Map([
  ...scopeReaders,
  [descriptorTypes.pasidIotlb, extendedIotlb],
  [descriptorTypes.pasidCache, extendedCache],
]);

/** What a descriptor of version 2.x asks to forget; as `scopeOf`, by a type of four bits. */
export const extendedScopeOf = (descriptor: bigint): Scope | undefined =>
  readers.get(Number(descriptor & 0xfn))?.(BigInt.asUintN(128, descriptor));
