import { formatSourceId, functionMasks, hex } from "../../events/address.ts";
import type { DescriptorName, DescriptorSpec, Scope } from "../../events/queue/descriptor-scope.ts";
import { descriptors, descriptorType, scopeOf } from "../../events/queue/descriptor-scope.ts";
import { PageGroupResponseDescriptor } from "../../events/queue/scalable-descriptors.ts";

/** IOVAs in bytes, from `first` up to `end`. */
export interface Range {
  readonly first: bigint;
  readonly end: bigint;
}

/** What a descriptor asks to forget. A missing member means: whatever it is. */
export interface Reach {
  /** `undefined` for a type that does not exist. */
  readonly name: DescriptorName | undefined;
  /** `global`, `domain`, `page`, …; `reserved` for a code without a meaning. */
  readonly granularity: string;
  readonly did?: number;
  readonly pasid?: number;
  readonly source?: number;
  /** Bits of the source-id that are compared. */
  readonly sourceMask?: number;
  /** IOVAs, or for interrupt entries their indexes. */
  readonly range?: Range;
}

const everything = 1n << 64n;

const bytes = ({ iova = 0n, length = 0n }: { readonly iova?: bigint; readonly length?: bigint }) =>
  ({ first: iova, end: iova + length }) satisfies Range;

/** What a scope reaches: its granularity, whose it is, and which addresses or indexes. */
function reachOfScope(scope: Scope): Omit<Reach, "name"> {
  switch (scope.type) {
    case "InterruptEntriesInvalidated": {
      const { first, count = 0 } = scope;
      if (first === undefined) return { granularity: "global" };
      return { granularity: "index", range: { first: BigInt(first), end: BigInt(first + count) } };
    }
    case "DeviceTlbInvalidated": {
      const granularity = scope.length >= everything ? "all" : "page";
      const pasid = scope.pasid === undefined ? {} : { pasid: scope.pasid };
      return {
        granularity,
        source: scope.device,
        sourceMask: 0xffff,
        ...pasid,
        range: bytes(scope),
      };
    }
    case "ContextInvalidated": {
      const { source, mask = 0 } = scope;
      const did = scope.did === undefined ? {} : { did: scope.did };
      if (source === undefined) return { granularity: scope.scope, ...did };
      return { granularity: scope.scope, ...did, source, sourceMask: functionMasks[mask as 0] };
    }
    default: {
      const did = scope.did === undefined ? {} : { did: scope.did };
      const pasid = "pasid" in scope && scope.pasid !== undefined ? { pasid: scope.pasid } : {};
      const range = scope.scope === "page" ? { range: bytes(scope) } : {};
      return { granularity: scope.scope, ...did, ...pasid, ...range };
    }
  }
}

/** What a descriptor reaches that is no invalidation, or one whose granularity has no meaning. */
function otherReach(name: DescriptorName, words: bigint): Omit<Reach, "name"> {
  if (name === "wait" || name === "pageStreamResponse") return { granularity: "all" };
  if (name !== "pageGroupResponse") return { granularity: "reserved" };
  const { rid } = PageGroupResponseDescriptor.decode(words);
  return { granularity: "response", source: rid, sourceMask: 0xffff };
}

/** The table row of a descriptor's type; `undefined` if there is no such type. */
export const specOf = (words: bigint): DescriptorSpec | undefined =>
  descriptors.get(descriptorType(words));

/** Takes a descriptor apart. `words` are its lower 128 bits. */
export function reachOf(words: bigint): Reach {
  const name = specOf(words)?.name;
  if (name === undefined) return { name, granularity: "reserved" };
  const scope = scopeOf(words);
  return { name, ...(scope === undefined ? otherReach(name, words) : reachOfScope(scope)) };
}

/** What a descriptor is in a count: `iotlb page`. */
export function kindOf(words: bigint): string {
  const { name, granularity } = reachOf(words);
  if (name === undefined) return `unknown type ${hex(descriptorType(words))}`;
  return name === "wait" ? name : `${name} ${granularity}`;
}

const rangeText = ({ first, end }: Range): string => `${hex(first)} to ${hex(end - 1n)}`;

/** IOVAs in words: `0x1000 to 0x1fff`. */
export const iovaText = rangeText;

/** A descriptor in words: `iotlb page of domain 4, 0xfffff000 to 0xffffffff`. */
export function descriptorText(words: bigint): string {
  const { did, pasid, source, range, name, granularity } = reachOf(words);
  const parts = [kindOf(words)];
  if (did !== undefined && granularity !== "device") parts.push(`of domain ${did.toString()}`);
  if (pasid !== undefined) parts.push(`PASID ${hex(pasid)}`);
  if (source !== undefined) parts.push(`of ${formatSourceId(source)}`);
  if (range !== undefined) {
    const indexes = name === "interruptEntry";
    const { first, end } = range;
    if (!indexes) parts.push(rangeText(range));
    else if (end - first === 1n) parts.push(first.toString());
    else parts.push(`${first.toString()} to ${(end - 1n).toString()}`);
  }
  return parts.join(" ");
}

/** Whether a descriptor makes the unit forget translations of IOVAs. */
export const dropsTranslations = ({ name }: Reach): boolean =>
  name === "iotlb" || name === "pasidIotlb";

/** The parts of ranges that lie outside another range; none for a range that says everything. */
export function without(ranges: readonly Range[], { range }: Reach): readonly Range[] {
  if (range === undefined) return [];
  return ranges.flatMap((one) => {
    if (range.end <= one.first || one.end <= range.first) return [one];
    const before = { first: one.first, end: range.first };
    const after = { first: range.end, end: one.end };
    return [before, after].filter(({ first, end }) => first < end);
  });
}

export const overlaps = (a: Range, b: Range): boolean => a.first < b.end && b.first < a.end;
