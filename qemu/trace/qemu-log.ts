import type { Line, LineReader, Observation } from "../../audit/trace/observation.ts";
import {
  foreignEvent,
  foreignText,
  observed,
  plain,
  unparsed,
} from "../../audit/trace/observation.ts";
import { RemappableAddress } from "../../events/interrupt/interrupt-request.ts";
import {
  ContextCacheDescriptor,
  InterruptEntryDescriptor,
  IotlbDescriptor,
} from "../../events/queue/descriptors.ts";
import { Gcmd } from "../../events/registers/command.ts";
import { deviceOf, fieldOf, numberOf } from "./field-text.ts";
import { countedEvents } from "./qemu-counted.ts";
import { isMessage, readMessage } from "./qemu-message.ts";

/**
 * Lines of QEMU's log of trace events, `-trace 'vtd_*' -D FILE`, as QEMU 5 to 11 write them: name
 * and fields, before them `pid@seconds.microseconds:` or nothing. Fields are found by name.
 */
const prefix = /^(?:\d+@\d+\.\d+:|\d{4}-\d\d-\d\dT\S+ )/;
const eventLine = /^([a-z][a-z0-9_]*)(?: (.*))?$/s;
/** Events of the unit; those of other subsystems are named in the same way. */
const own = /^(vtd|x86_iommu)_/;
const named = /^[a-z][a-z0-9]*(_[a-z0-9]+)+( |$)/;
/** QEMU itself says something, or somebody speaks of the unit: worth being shown. */
const telling = /\bvtd_|\bDMAR\b|\biommu\b|^(\S+Z )?\S*qemu\S*: /i;

/** What a line is that is no event that is known, and none of QEMU's messages. */
function otherLine(text: string): Line {
  const said = text.replace(prefix, "");
  if (own.test(said)) return unparsed;
  if (named.test(said)) return foreignEvent;
  return telling.test(text) ? unparsed : foreignText;
}

/** What an event says; throws RangeError where a field is missing. */
type Reader = (text: string, line: number) => Line | Observation;

/** The descriptor that asks for what the unit says it does. */
const executed = (line: number, words: bigint): Observation => ({ kind: "executed", line, words });

const { g: contextG } = ContextCacheDescriptor.fields;
const { g: iotlbG } = IotlbDescriptor.fields;
const context = (values: Parameters<typeof ContextCacheDescriptor.encode>[0]): bigint =>
  ContextCacheDescriptor.encode({ type: 1, ...values });
const iotlb = (values: Parameters<typeof IotlbDescriptor.encode>[0]): bigint =>
  IotlbDescriptor.encode({ type: 2, ...values });

const used =
  (use: "hit" | "fill"): Reader =>
  (text, line) => ({
    kind: "cacheUsed",
    line,
    use,
    source: numberOf(text, "sid"),
    iova: fieldOf(text, "iova"),
    entry: fieldOf(text, /\bslpte\b/.test(text) ? "slpte" : "pte"),
    did: numberOf(text, "domain"),
  });

const always =
  (line: Line): Reader =>
  () =>
    line;

const queueReaders: Readonly<Record<string, Reader>> = {
  vtd_inv_desc: (text, line) => ({
    kind: "invalidated",
    line,
    words: (fieldOf(text, "high") << 64n) | fieldOf(text, "low"),
    upper: 0n,
    via: "queue",
    unit: "",
    context: "",
  }),
  vtd_inv_desc_cc_global: (_, line) => executed(line, context({ g: contextG.names.global })),
  vtd_inv_desc_cc_domain: (text, line) =>
    executed(line, context({ g: contextG.names.domain, did: numberOf(text, "domain") })),
  vtd_inv_desc_cc_devices: (text, line) => {
    const [sid, compared] = [numberOf(text, "sid"), numberOf(text, "fmask")];
    // Early versions show the code, later ones the mask of the bits that are left out.
    const fm = compared < 4 ? compared : [0xffff, 0xfffb, 0xfff9, 0xfff8].indexOf(compared);
    return executed(line, context({ g: contextG.names.device, sid, fm: Math.max(fm, 0) }));
  },
  vtd_inv_desc_cc_device: always(plain),
  vtd_inv_desc_iotlb_global: (_, line) => executed(line, iotlb({ g: iotlbG.names.global })),
  vtd_inv_desc_iotlb_domain: (text, line) =>
    executed(line, iotlb({ g: iotlbG.names.domain, did: numberOf(text, "domain") })),
  vtd_inv_desc_iotlb_pages: (text, line) => {
    const [did, addr, am] = [
      numberOf(text, "domain"),
      fieldOf(text, "addr"),
      fieldOf(text, "mask"),
    ];
    return executed(line, iotlb({ g: iotlbG.names.page, did, addr, am: Number(am) & 0x3f }));
  },
  vtd_inv_desc_iotlb_pasid: always(plain),
  vtd_inv_desc_iotlb_pasid_pages: always(plain),
  vtd_inv_desc_iec: (text, line) => {
    const [g, iidx] = [numberOf(text, "granularity"), numberOf(text, "index")];
    const im = numberOf(text, "mask");
    return executed(line, InterruptEntryDescriptor.encode({ type: 4, g, iidx, im }));
  },
  vtd_inv_desc_wait_sw: always(plain),
  vtd_inv_desc_wait_irq: always(plain),
  vtd_inv_desc_wait_write_fail: always(plain),
  vtd_inv_qi_enable: (text, line) => ({
    kind: "ringEnabled",
    line,
    on: fieldOf(text, "enabled") === 1n,
  }),
  vtd_inv_qi_setup: (text, line) => ({ kind: "ringSetUp", line, size: numberOf(text, "size") }),
  vtd_inv_qi_head: (text, line) => ({ kind: "headRead", line, index: numberOf(text, "head") }),
  vtd_inv_qi_tail: (text, line) => ({ kind: "tailWritten", line, index: numberOf(text, "tail") }),
  vtd_inv_qi_fetch: always(plain),
  vtd_warn_invalid_qi_tail: (_, line) => ({ kind: "tailRefused", line }),
};

const requestReaders: Readonly<Record<string, Reader>> = {
  vtd_iotlb_page_hit: used("hit"),
  vtd_iotlb_page_update: used("fill"),
  vtd_iotlb_reset: (_, line) => ({ kind: "cacheDropped", line, cache: "iotlb" }),
  vtd_context_cache_reset: (_, line) => ({ kind: "cacheDropped", line, cache: "context" }),
  vtd_dmar_translate: (text, line) => ({
    kind: "translated",
    line,
    source: deviceOf(text),
    iova: fieldOf(text, "iova"),
    gpa: fieldOf(text, "gpa"),
    mask: fieldOf(text, "mask"),
  }),
  vtd_dmar_fault: (text, line) => ({
    kind: "faulted",
    line,
    source: numberOf(text, "sid"),
    reason: numberOf(text, "fault"),
    iova: fieldOf(text, "addr"),
    access: numberOf(text, "write") === 1 ? "write" : "read",
  }),
  vtd_ir_irte_get: (text, line) => ({
    kind: "interruptEntryRead",
    line,
    index: numberOf(text, "index"),
    value: (fieldOf(text, "high") << 64n) | fieldOf(text, "low"),
  }),
  vtd_ir_enable: (text, line) => ({
    kind: "remappingSet",
    line,
    on: fieldOf(text, "enable") === 1n,
  }),
  vtd_reg_write_gcmd: (text, line) => ({
    kind: "remappingSet",
    line,
    on: Gcmd.decode(fieldOf(text, "value")).ire,
  }),
  vtd_ir_remap_msi: (text, line) => ({
    kind: "interruptPassed",
    line,
    compatibility: !RemappableAddress.decode(fieldOf(text, "addr")).format,
  }),
  vtd_reg_write: (text, line) => ({
    kind: "registerWritten",
    line,
    offset: numberOf(text, "addr"),
    value: fieldOf(text, "value"),
  }),
  vtd_reg_dmar_root: (text, line) => ({
    kind: "rootLatched",
    line,
    // Before scalable mode the field was about extended mode.
    scalable: /\bscalable 1\b/.test(text),
  }),
};

const readers = new Map(Object.entries({ ...queueReaders, ...requestReaders }));

/** Reads a line of QEMU's log. */
export const readQemuLine: LineReader = (text, line) => {
  const event = eventLine.exec(text.replace(prefix, ""));
  const [, name = "", fields = ""] = event ?? [];
  const known = countedEvents.get(name);
  if (known !== undefined) return known;
  const reader = readers.get(name);
  if (reader === undefined) return readMessage(text, line) ?? otherLine(text);
  try {
    const said = reader(fields, line);
    return "result" in said ? said : observed(said);
  } catch (error) {
    if (error instanceof RangeError) return unparsed;
    throw error;
  }
};

/** Whether a line is one of a QEMU log of vIOMMU events, or one of QEMU's messages about them. */
export const isQemuLine = (text: string): boolean =>
  /^vtd_[a-z_]+( |$)/.test(text.replace(prefix, "")) || isMessage(text);
