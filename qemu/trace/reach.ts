import { formatSourceId, functionMasks, hex } from "../../events/address.ts";
import type { CodeField } from "../../events/layout/layout-field.ts";
import type { DescriptorName, DescriptorSpec } from "../../events/queue/descriptor.ts";
import { descriptors, descriptorType } from "../../events/queue/descriptor.ts";
import {
  ContextCacheDescriptor,
  DeviceTlbDescriptor,
  InterruptEntryDescriptor,
  IotlbDescriptor,
} from "../../events/queue/descriptors.ts";
import {
  PageGroupResponseDescriptor,
  PasidCacheDescriptor,
  PasidDeviceTlbDescriptor,
  PasidIotlbDescriptor,
} from "../../events/queue/scalable-descriptors.ts";

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

const everything: Range = { first: 0n, end: 1n << 64n };

/** 2^`mask` units of `unit`, aligned, around `at`. */
function aligned(at: bigint, mask: number, unit: bigint): Range {
  const size = unit << BigInt(mask);
  const first = at - (at % size);
  return { first, end: first + size };
}

const nameOf = (field: CodeField, value: number): string =>
  Object.entries(field.names).find(([, number]) => number === value)?.[0] ?? "reserved";

/** Of a device TLB: with S the lowest 0 bit of the address says how many pages. */
function devicePages(address: bigint, several: boolean): Range {
  if (!several) return aligned(address, 0, 4096n);
  let mask = 1;
  while (mask < 52 && ((address >> BigInt(11 + mask)) & 1n) === 1n) mask += 1;
  return mask >= 52 ? everything : aligned(address, mask, 4096n);
}

type Reader = (words: bigint) => Omit<Reach, "name">;

const readers: Partial<Readonly<Record<DescriptorName, Reader>>> = {
  contextCache: (words) => {
    const { g, did, sid, fm } = ContextCacheDescriptor.decode(words);
    const granularity = nameOf(ContextCacheDescriptor.fields.g, g);
    if (granularity === "device") {
      return { granularity, did, source: sid, sourceMask: functionMasks[fm as 0 | 1 | 2 | 3] };
    }
    return granularity === "domain" ? { granularity, did } : { granularity };
  },
  iotlb: (words) => {
    const { g, did, am, addr } = IotlbDescriptor.decode(words);
    const granularity = nameOf(IotlbDescriptor.fields.g, g);
    if (granularity === "page") return { granularity, did, range: aligned(addr, am, 4096n) };
    return granularity === "domain" ? { granularity, did } : { granularity };
  },
  deviceTlb: (words) => {
    const { sid, s, addr } = DeviceTlbDescriptor.decode(words);
    const range = devicePages(addr, s);
    const granularity = range === everything ? "all" : "page";
    return { granularity, source: sid, sourceMask: 0xffff, range };
  },
  interruptEntry: (words) => {
    const { g, im, iidx } = InterruptEntryDescriptor.decode(words);
    const granularity = nameOf(InterruptEntryDescriptor.fields.g, g);
    if (granularity !== "index") return { granularity };
    return { granularity, range: aligned(BigInt(iidx), im, 1n) };
  },
  pasidIotlb: (words) => {
    const { g, did, pasid, am, addr } = PasidIotlbDescriptor.decode(words);
    const granularity = nameOf(PasidIotlbDescriptor.fields.g, g);
    const range = granularity === "page" ? { range: aligned(addr, am, 4096n) } : {};
    return { granularity, did, pasid, ...range };
  },
  pasidCache: (words) => {
    const { g, did, pasid } = PasidCacheDescriptor.decode(words);
    const granularity = nameOf(PasidCacheDescriptor.fields.g, g);
    if (granularity === "global") return { granularity };
    return granularity === "pasid" ? { granularity, did, pasid } : { granularity, did };
  },
  pasidDeviceTlb: (words) => {
    const { sid, pasid, g, s, addr } = PasidDeviceTlbDescriptor.decode(words);
    const range = devicePages(addr, s);
    const granularity = range === everything ? "all" : "page";
    const whose = g ? {} : { pasid };
    return { granularity, source: sid, sourceMask: 0xffff, ...whose, range };
  },
  pageGroupResponse: (words) => {
    const { rid } = PageGroupResponseDescriptor.decode(words);
    return { granularity: "response", source: rid, sourceMask: 0xffff };
  },
};

/** The table row of a descriptor's type; `undefined` if there is no such type. */
export const specOf = (words: bigint): DescriptorSpec | undefined =>
  descriptors.get(descriptorType(words));

/** Takes a descriptor apart. `words` are its lower 128 bits. */
export function reachOf(words: bigint): Reach {
  const name = specOf(words)?.name;
  if (name === undefined) return { name, granularity: "reserved" };
  return { name, ...(readers[name]?.(words) ?? { granularity: "all" }) };
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
