import { formatSourceId } from "../../events/address.ts";
import {
  ContextCacheDescriptor,
  DeviceTlbDescriptor,
  InterruptEntryDescriptor,
  IotlbDescriptor,
} from "../../events/queue/descriptors.ts";

/** One thing that a made-up guest does; addresses in pages of 4 KiB. */
export type Deed =
  | {
      readonly do: "map" | "unmap";
      readonly page: number;
      readonly pages: number;
      readonly by?: By;
    }
  | { readonly do: "invalidate"; readonly words: bigint; readonly by?: By }
  | { readonly do: "attach"; readonly source: number; readonly by?: By }
  | {
      readonly do: "fill" | "hit";
      readonly source: number;
      readonly page: number;
      readonly to: number;
      readonly did: number;
    }
  | { readonly do: "fault"; readonly source: number; readonly page: number }
  | { readonly do: "interruptEntry"; readonly index: number; readonly value: number };

/** A task of the guest, or what interrupts it. */
export type By = "init" | "kworker" | "interrupt";

const g = IotlbDescriptor.fields.g.names;
const contextG = ContextCacheDescriptor.fields.g.names;
const addressOf = (page: number): bigint => BigInt(page) << 12n;

/** Descriptors that a driver submits. */
export const ask = {
  /** Of the 2^`am` pages around `page`. */
  pages: (did: number, page: number, am = 0): bigint =>
    IotlbDescriptor.encode({ type: 2, g: g.page, did, am, addr: addressOf(page) }),
  domain: (did: number): bigint => IotlbDescriptor.encode({ type: 2, g: g.domain, did }),
  everything: (): bigint => IotlbDescriptor.encode({ type: 2, g: g.global }),
  contexts: (): bigint => ContextCacheDescriptor.encode({ type: 1, g: contextG.global }),
  context: (sid: number): bigint =>
    ContextCacheDescriptor.encode({ type: 1, g: contextG.device, sid }),
  device: (sid: number, page: number): bigint =>
    DeviceTlbDescriptor.encode({ type: 3, sid, addr: addressOf(page) }),
  interruptEntry: (iidx: number): bigint =>
    InterruptEntryDescriptor.encode({ type: 4, g: 1, iidx }),
} as const;

const x = (value: bigint | number): string => `0x${value.toString(16)}`;
const long = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;

const tasks: Readonly<Record<By, string>> = {
  init: "            init-1       [000] .....",
  kworker: "     kworker/0:1-12      [001] d..1.",
  interrupt: "            init-1       [000] d.h1.",
};

function linuxEvent(step: Deed): string | undefined {
  switch (step.do) {
    case "map":
    case "unmap": {
      const [first, size] = [addressOf(step.page), step.pages * 4096];
      const range = `iova=${long(first)} - ${long(first + BigInt(size))}`;
      const rest = step.do === "map" ? "paddr=0x1000" : `unmapped_size=${size.toString()}`;
      return step.do === "map"
        ? `map: IOMMU: ${range} ${rest} size=${size.toString()}`
        : `unmap: IOMMU: ${range} size=${size.toString()} ${rest}`;
    }
    case "invalidate": {
      const [low, high] = [BigInt.asUintN(64, step.words), step.words >> 64n];
      return `qi_submit: iotlb_inv dmar0: ${x(low)} ${x(high)} 0x0 0x0`;
    }
    case "attach":
      return `attach_device_to_domain: IOMMU: device=0000:${formatSourceId(step.source)}`;
    case "fault": {
      const where = `0000:${formatSourceId(step.source)} iova=${long(addressOf(step.page))}`;
      return `io_page_fault: IOMMU:nvme ${where} flags=0x0001`;
    }
    default:
      return undefined;
  }
}

/** What Linux's trace says of it. */
export function linuxLines(steps: readonly Deed[]): readonly string[] {
  const lines = steps.flatMap((step, index) => {
    const event = linuxEvent(step);
    const by = "by" in step ? (step.by ?? "init") : "init";
    const time = (index / 1000).toFixed(6);
    return event === undefined ? [] : [`${tasks[by]}     ${time}: ${event}`];
  });
  return ["# tracer: nop", "#", ...lines];
}

const ringSize = 256;
const wait = "vtd_inv_desc invalidate desc type wait high 0x9008c04 low 0x200000025";

function requestLines(step: Deed): readonly string[] {
  switch (step.do) {
    case "fill":
    case "hit": {
      const what = step.do === "fill" ? "update" : "hit";
      const [iova, to] = [x(addressOf(step.page)), x(addressOf(step.to))];
      const entry = x(addressOf(step.to) | 3n);
      const ids = [`sid ${x(step.source)}`, `domain ${x(step.did)}`];
      const device = formatSourceId(step.source).replace(".", ".0");
      return [
        `vtd_iotlb_page_${what} IOTLB page ${what} ${ids[0]} iova ${iova} slpte ${entry} ${ids[1]}`,
        `vtd_dmar_translate dev ${device} iova ${iova} -> gpa ${to} mask 0xfff`,
      ];
    }
    case "fault": {
      const where = `sid ${x(step.source)} fault 6 addr ${x(addressOf(step.page))}`;
      return [`vtd_dmar_fault ${where} write 0`];
    }
    case "interruptEntry":
      return [`vtd_ir_irte_get index ${step.index.toString()} low ${x(step.value)} high 0x0`];
    default:
      return [];
  }
}

/** What QEMU's log says of it: each descriptor is submitted with a wait behind it. */
export function qemuLines(steps: readonly Deed[]): readonly string[] {
  const lines = ["vtd_inv_qi_enable enabled 1", `vtd_inv_qi_setup addr 0x1000 size ${ringSize}`];
  let head = 0;
  for (const step of steps) {
    if (step.do !== "invalidate") {
      lines.push(...requestLines(step));
      continue;
    }
    const [low, high] = [BigInt.asUintN(64, step.words), step.words >> 64n];
    const [first, second] = [head, (head + 1) % ringSize];
    head = (head + 2) % ringSize;
    lines.push(
      `vtd_inv_qi_tail write tail ${head.toString()}`,
      "vtd_inv_qi_fetch ",
      `vtd_inv_qi_head read head ${first.toString()}`,
      `vtd_inv_desc invalidate desc type iotlb high ${x(high)} low ${x(low)}`,
      `vtd_inv_qi_head read head ${second.toString()}`,
      wait,
      "vtd_inv_desc_wait_sw wait invalidate status write addr 0x9008c04 data 0x2",
    );
  }
  return lines;
}
