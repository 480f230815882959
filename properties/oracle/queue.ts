import { extendedWork } from "./extended/queue-work.ts";
import { unfit } from "./queue-mode.ts";
import type { Work } from "./work.ts";

/** The queue's registers and the capabilities that bear on it. IQA as latched. */
export interface QueueState {
  readonly iqa: bigint;
  readonly iqh: bigint;
  readonly iqt: bigint;
  readonly cap: bigint;
  readonly ecap: bigint;
  /** RTADDR as latched, whose table mode bears on the queue; nothing: no mode is held to it. */
  readonly root?: bigint;
  /** Bytes as the CPU wrote them, which is what is fetched even without ECAP.C, or `undefined`. */
  readonly read: (gpa: bigint, count: number) => Uint8Array | undefined;
}

/**
 * Work up to the end of the queue, the first wait descriptor or the first error. `head` is IQH
 * then, in bytes.
 */
export interface QueueExpectation {
  readonly work: readonly Work[];
  readonly head: bigint;
  readonly end: "empty" | "wait" | "IQE";
  /** IQERCD.IQEI: 1 tail, 2 fetch, 3 type, 4 reserved, 5 width, 6 tail not aligned, 7 mode. */
  readonly iqei?: number;
}

const bits = (word: bigint, high: number, low: number): number =>
  Number((word >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n));

/** Reserved bits of the first and second quadword of each descriptor, by type. */
export const reserved: Readonly<Record<number, readonly [low: bigint, high: bigint]>> = {
  1: [0xfffc_0000_0000_f1c0n, 0xffff_ffff_ffff_ffffn],
  2: [0xffff_ffff_0000_f100n, 0x0000_0000_0000_0f80n],
  3: [0x000f_0000_ffe0_01f0n, 0x0000_0000_0000_0ffen],
  4: [0xffff_0000_07ff_f1e0n, 0xffff_ffff_ffff_ffffn],
  5: [0x0000_0000_ffff_f100n, 0x0000_0000_0000_0003n],
  6: [0xfff0_0000_0000_f1c0n, 0x0000_0000_0000_0f80n],
  7: [0xfff0_0000_0000_f1c0n, 0xffff_ffff_ffff_ffffn],
  8: [0n, 0x0000_0000_0000_07fen],
  9: [0xfff0_0000_0000_01e0n, 0xffff_ffff_ffff_f003n],
};

/**
 * Bits of the first quadword that are reserved for lack of a capability: the fields of throttling
 * without ECAP.DIT (41), the page-request drain without ECAP.PDS (42).
 */
function lacking(type: number, ecap: bigint): bigint {
  const throttles = type === 3 || type === 8;
  if (throttles && bits(ecap, 41, 41) === 0) return 0xfff0_0000_0000_f000n;
  return type === 5 && bits(ecap, 42, 42) === 0 ? 0x80n : 0n;
}

/**
 * Whether the unit knows a type: 3 wants device TLBs, 4 interrupt remapping, 6 to 9 scalable mode
 * and a queue of 256-bit descriptors, 8 device TLBs too and 9 page requests.
 */
function knows(type: number, ecap: bigint, wide: boolean): boolean {
  if (type >= 6 && (!wide || bits(ecap, 43, 43) === 0)) return false;
  if (type === 8) return bits(ecap, 2, 2) === 1;
  if (type === 9) return bits(ecap, 29, 29) === 1;
  if (type === 3) return bits(ecap, 2, 2) === 1;
  if (type === 4) return bits(ecap, 3, 3) === 1;
  return type === 1 || type === 2 || (type >= 5 && type <= 7);
}

/**
 * Page-aligned range of an ATS-encoded address: with S, the lowest zero bit from 12 on tells the
 * size.
 */
function atsRange(high: bigint, many: boolean): { iova: bigint; length: bigint } {
  let length = 4096n;
  if (many) {
    length = 8192n;
    while (length < 1n << 64n && (high & (length >> 1n)) !== 0n) length <<= 1n;
  }
  return { iova: high & ~0xfffn & ~(length - 1n), length };
}

/** The pages around an address that an address mask leaves. */
function maskedRange(high: bigint): { iova: bigint; length: bigint } {
  const length = 4096n << BigInt(bits(high, 5, 0));
  return { iova: high & ~0xfffn & ~(length - 1n), length };
}

/** What an invalidation of PASID entries (7) or of first stages (6) asks for. */
function decodePasid(type: number, low: bigint, high: bigint): Work | number {
  const [g, did, pasid] = [bits(low, 5, 4), bits(low, 31, 16), bits(low, 51, 32)];
  if (type === 7) {
    const scope = (["domain", "pasid", undefined, "global"] as const)[g];
    return scope ? { kind: "pasidCache", scope, did, pasid } : 4;
  }
  const scope = ([undefined, undefined, "pasid", "page"] as const)[g];
  if (!scope) return 4;
  const leafOnly = bits(high, 6, 6) === 1;
  return { kind: "pasidIotlb", scope, did, pasid, ...maskedRange(high), leafOnly };
}

/** What an invalidation of a device's entries for a PASID (8) or a group's answer (9) asks for. */
function decodeForDevice(type: number, low: bigint, high: bigint): Work {
  const sid = bits(low, 31, 16);
  const pasid = bits(low, 51, 32);
  if (type === 8) {
    const whose = bits(high, 0, 0) === 1 ? "all" : pasid;
    return { kind: "pasidDeviceTlb", sid, whose, ...atsRange(high, bits(high, 11, 11) === 1) };
  }
  const code = bits(low, 15, 12);
  const response = code === 0 ? "success" : code === 1 ? "invalid" : "failure";
  const whose = bits(low, 4, 4) === 1 ? pasid : "none";
  return { kind: "pageGroup", whose, group: bits(high, 11, 3), response };
}

/** What one descriptor asks for, or the IQEI that refuses it. */
function decode(low: bigint, high: bigint, state: QueueState): Work | number {
  if (bits(state.ecap, 24, 24) === 1) return extendedWork(low, high, state);
  const type = (bits(low, 11, 9) << 4) | bits(low, 3, 0);
  const masks = reserved[type];
  if (!masks || !knows(type, state.ecap, bits(state.iqa, 11, 11) === 1)) return 3;
  // In legacy mode there are no PASIDs and no page requests.
  if (type > 5 && state.root !== undefined && bits(state.root, 11, 10) === 0) return 3;
  const lowMask = masks[0] | lacking(type, state.ecap);
  if ((low & lowMask) !== 0n || (high & masks[1]) !== 0n) return 4;
  const g = bits(low, 5, 4);
  const did = bits(low, 31, 16);
  const sid = bits(low, 47, 32);
  if (type === 1) {
    const scope = ([undefined, "global", "domain", "device"] as const)[g];
    return scope ? { kind: "context", scope, did, sid, fm: bits(low, 49, 48) } : 4;
  }
  if (type === 2) {
    const scope = ([undefined, "global", "domain", "page"] as const)[g];
    const am = bits(high, 5, 0);
    if (!scope || (scope === "page" && am > bits(state.cap, 53, 48))) return 4;
    return { kind: "iotlb", scope, did, ...maskedRange(high), leafOnly: bits(high, 6, 6) === 1 };
  }
  if (type === 6 || type === 7) return decodePasid(type, low, high);
  if (type === 3) return { kind: "deviceTlb", sid, ...atsRange(high, bits(high, 0, 0) === 1) };
  if (type === 8 || type === 9) return decodeForDevice(type, low, high);
  if (type === 4) {
    const count = 2 ** bits(low, 31, 27);
    if (bits(low, 4, 4) === 0) return { kind: "allInterruptEntries" };
    return { kind: "interruptEntries", first: sid - (sid % count), count };
  }
  return {
    kind: "wait",
    interrupt: bits(low, 4, 4) === 1,
    status: bits(low, 5, 5) === 1 ? high : undefined,
    data: bits(low, 63, 32),
    fence: bits(low, 6, 6) === 1,
    drain: bits(low, 7, 7) === 1,
  };
}

/**
 * What an enabled queue without a standing error must do from IQH on. A wait descriptor's work is
 * listed and `head` is past it. A refused descriptor leaves `head` on it.
 *
 * @param most  how much work is looked at; beyond that nothing is said.
 */
export function expectedQueue(
  state: QueueState,
  most = Number.POSITIVE_INFINITY,
): QueueExpectation {
  const wide = bits(state.iqa, 11, 11) === 1;
  const entry = wide ? 32n : 16n;
  const size = 4096n << BigInt(bits(state.iqa, 2, 0));
  const tail = state.iqt & 0x7fff0n;
  const work: Work[] = [];
  let head = state.iqh & 0x7fff0n;
  const refuse = (iqei: number): QueueExpectation => ({ work, head, end: "IQE", iqei });

  if (tail >= size) return refuse(1);
  if (tail % entry !== 0n) return refuse(6);
  const why = head === tail ? undefined : unfit(state.root ?? 0n, state.ecap, wide);
  if (why !== undefined) return refuse(why);
  while (head !== tail && work.length < most) {
    const bytes = state.read((state.iqa & ~0xfffn) + head, Number(entry));
    if (!bytes) return refuse(2);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const done = decode(view.getBigUint64(0, true), view.getBigUint64(8, true), state);
    if (typeof done === "number") return refuse(done);
    if (bytes.subarray(16).some((byte) => byte !== 0)) return refuse(4);
    work.push(done);
    head = (head + entry) % size;
    if (done.kind === "wait") return { work, head, end: "wait" };
  }
  return { work, head, end: "empty" };
}
