// Length: one list of every register, which is read as a whole.

import { FaultRecord } from "../fault/fault-record.ts";
import type { AnyLayout } from "../layout/layout.ts";
import { bitMask } from "../layout/layout-field.ts";
import type { Profile } from "../profile/profile.ts";
import { Cap, Ecap, Ver } from "./capability.ts";
import { Ccmd, Gcmd, Gsts, Rtaddr } from "./command.ts";
import type { EventLineLayouts } from "./event-line.ts";
import { eventLines, Fsts, Ics } from "./event-line.ts";
import { Irta } from "./interrupt-table.ts";
import { Iotlb, Iva } from "./iotlb.ts";
import { at, faultRecordAt, iotlbAt, lineRegisters } from "./offset.ts";
import { ExtendedPqh, ExtendedPqt, Pqa, Pqh, Pqt, Prs } from "./page-request.ts";
import { Phmbase, Phmlimit, Plmbase, Plmlimit, Pmen } from "./protected-memory.ts";
import { Iqa, Iqercd, Iqh, Iqt } from "./queue.ts";

/** One register of a unit, as its capabilities make it. */
export interface RegisterSpec {
  readonly name: string;
  /** In bytes from the start of the register page. */
  readonly offset: number;
  readonly bytes: 4 | 8 | 16;
  readonly layout: AnyLayout;
  /** Bits that take the value written. */
  readonly writable: bigint;
  /** Bits that writing 1 clears. */
  readonly w1c: bigint;
  /** Bits that writing 1 sets. */
  readonly w1s: bigint;
  readonly reset: bigint;
  /** Reads give 0, whatever is kept. */
  readonly writeOnly: boolean;
  /** Bits that read as 0, whatever is kept. */
  readonly unread: bigint;
  readonly doc: string;
}

/** The registers of a unit. Bytes that belong to none read as 0 and ignore writes. */
export interface RegisterMap {
  /** By rising offset; they do not overlap. */
  readonly specs: readonly RegisterSpec[];
  /** The register that the byte at this offset belongs to. */
  readonly at: (offset: number) => RegisterSpec | undefined;
  readonly byName: ReadonlyMap<string, RegisterSpec>;
}

type Rules = Partial<
  Pick<RegisterSpec, "writable" | "w1c" | "w1s" | "reset" | "writeOnly" | "unread">
>;

function register(offset: number, layout: AnyLayout, doc: string, rules: Rules = {}): RegisterSpec {
  const bytes = layout.width === 32 ? 4 : layout.width === 64 ? 8 : 16;
  const fixed = { writable: 0n, w1c: 0n, w1s: 0n, reset: 0n, writeOnly: false, unread: 0n };
  return { name: layout.name, offset, bytes, layout, ...fixed, ...rules, doc };
}

/** The mask when the unit has what it is for, else nothing. */
const when = (has: boolean, mask: bigint): bigint => (has ? mask : 0n);

/** The registers of an event line, which are alike in all. */
function eventLine(
  profile: Profile,
  line: keyof typeof eventLines,
  name: string,
): readonly RegisterSpec[] {
  const { control, data, low, high }: EventLineLayouts = eventLines[line];
  const offsets = lineRegisters[line];
  const masked = control.mask("im");
  const upper = when(profile.eim, high.mask("mua"));
  const rules = { writable: masked, reset: masked };
  return [
    register(offsets.control, control, `${name} event control.`, rules),
    register(offsets.data, data, `${name} event data.`, { writable: data.mask("imd") }),
    register(offsets.low, low, `${name} event address.`, { writable: low.mask("ma") }),
    register(offsets.high, high, `${name} event upper address.`, { writable: upper }),
  ];
}

function general(profile: Profile): readonly RegisterSpec[] {
  const { queued, interruptRemapping: remaps, registerInvalidation } = profile;
  const commands =
    Gcmd.mask("te") |
    Gcmd.mask("srtp") |
    when(profile.rwbf, Gcmd.mask("wbf")) |
    when(queued, Gcmd.mask("qie")) |
    when(remaps, Gcmd.mask("ire") | Gcmd.mask("sirtp") | Gcmd.mask("cfi"));
  const ccmd = {
    writable: Ccmd.reservedMask ^ bitMask(63, 0) ^ Ccmd.mask("caig"),
    unread: Ccmd.mask("sid") | Ccmd.mask("fm"),
  };
  return [
    register(at.ver, Ver, "Version.", { reset: profile.ver }),
    register(at.cap, Cap, "Capabilities.", { reset: profile.cap }),
    register(at.ecap, Ecap, "Extended capabilities.", { reset: profile.ecap }),
    register(at.gcmd, Gcmd, "Global command.", { writable: commands, writeOnly: true }),
    register(at.gsts, Gsts, "Global status."),
    register(at.rtaddr, Rtaddr, "Root table address.", { writable: bitMask(63, rttBits(profile)) }),
    ...(registerInvalidation ? [register(at.ccmd, Ccmd, "Context command.", ccmd)] : []),
  ];
}

/** The lowest bit of RTADDR that is kept: of a unit with extended contexts RTT, else TTM. */
const rttBits = ({ ecs }: Profile): number => (ecs ? 11 : 10);

/** Reading: FSTS.PRO can be cleared only where page requests exist. */
function faultEvent(profile: Profile): readonly RegisterSpec[] {
  const w1c =
    Fsts.mask("pfo") |
    when(profile.queued, Fsts.mask("iqe") | Fsts.mask("ice") | Fsts.mask("ite")) |
    when(profile.pageRequests, Fsts.mask("pro"));
  return [
    register(at.fsts, Fsts, "Fault status.", { w1c }),
    ...eventLine(profile, "fault", "Fault"),
  ];
}

function protectedMemory(profile: Profile): readonly RegisterSpec[] {
  const { plmr, phmr } = profile;
  const high = { writable: bitMask(profile.haw - 1, 21) };
  const low = { writable: bitMask(31, 21) };
  const enable = { writable: Pmen.mask("epm") };
  return [
    ...(plmr || phmr ? [register(at.pmen, Pmen, "Protected memory enable.", enable)] : []),
    ...(plmr ? [register(at.plmbase, Plmbase, "Protected low memory base.", low)] : []),
    ...(plmr ? [register(at.plmlimit, Plmlimit, "Protected low memory limit.", low)] : []),
    ...(phmr ? [register(at.phmbase, Phmbase, "Protected high memory base.", high)] : []),
    ...(phmr ? [register(at.phmlimit, Phmlimit, "Protected high memory limit.", high)] : []),
  ];
}

/** Reading: IQA.DW keeps what is written even where a unit has no 256-bit descriptors. */
function invalidationQueue(profile: Profile): readonly RegisterSpec[] {
  if (!profile.queued) return [];
  return [
    register(at.iqh, Iqh, "Invalidation queue head."),
    register(at.iqt, Iqt, "Invalidation queue tail.", { writable: Iqt.mask("qt") }),
    register(at.iqa, Iqa, "Invalidation queue address.", {
      writable: bitMask(63, 0) ^ Iqa.reservedMask,
    }),
    register(at.ics, Ics, "Invalidation completion status.", { w1c: Ics.mask("iwc") }),
    ...eventLine(profile, "invalidation", "Completion"),
    register(at.iqercd, Iqercd, "Invalidation queue error record."),
  ];
}

function interruptTable(profile: Profile): readonly RegisterSpec[] {
  if (!profile.interruptRemapping) return [];
  const eime = when(profile.eim, Irta.mask("eime"));
  const writable = Irta.mask("s") | eime | Irta.mask("irta");
  return [register(at.irta, Irta, "Interrupt remapping table address.", { writable })];
}

function pageRequests(profile: Profile): readonly RegisterSpec[] {
  if (!profile.pageRequests) return [];
  const queue = { writable: Pqa.mask("pqs") | Pqa.mask("pqa") };
  const [head, tail] = profile.ecs ? [ExtendedPqh, ExtendedPqt] : [Pqh, Pqt];
  return [
    register(at.pqh, head, "Page request queue head.", { writable: head.mask("pqh") }),
    register(at.pqt, tail, "Page request queue tail.", { writable: tail.mask("pqt") }),
    register(at.pqa, Pqa, "Page request queue address.", queue),
    register(at.prs, Prs, "Page request status.", {
      w1c: Prs.mask("ppr") | when(!profile.ecs, Prs.mask("pro")),
    }),
    ...eventLine(profile, "pageRequest", "Page request"),
  ];
}

function iotlb(profile: Profile): readonly RegisterSpec[] {
  const { iro, registerInvalidation } = profile;
  if (!registerInvalidation || iro === 0) return [];
  const writable = bitMask(63, 0) ^ Iotlb.reservedMask ^ Iotlb.mask("iaig");
  return [
    register(iro, Iva, "Invalidate address.", {
      writable: bitMask(63, 0) ^ Iva.reservedMask,
      writeOnly: true,
    }),
    register(iotlbAt(profile), Iotlb, "IOTLB invalidate.", { writable }),
  ];
}

function faultRecords(profile: Profile): readonly RegisterSpec[] {
  const w1c = FaultRecord.mask("f");
  return Array.from({ length: profile.nfr }, (_, index) => ({
    ...register(faultRecordAt(profile, index), FaultRecord, `Fault record ${index}.`, { w1c }),
    name: `FRCD${index}`,
  }));
}

/** The registers of a unit with these capabilities; what they lack is absent or read-only. */
export function registerMap(profile: Profile): RegisterMap {
  const parts = [general, faultEvent, protectedMemory, invalidationQueue, interruptTable];
  const specs = [...parts, pageRequests, iotlb, faultRecords]
    .flatMap((part) => part(profile))
    .toSorted((a, b) => a.offset - b.offset);
  const bytes = new Map<number, RegisterSpec>();
  for (const spec of specs) {
    for (let byte = 0; byte < spec.bytes; byte += 1) bytes.set(spec.offset + byte, spec);
  }
  return {
    specs,
    at: bytes.get.bind(bytes),
    byName: new Map(specs.map((spec) => [spec.name, spec])),
  };
}
