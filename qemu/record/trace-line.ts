/** What a line of QEMU's `vtd_*` trace says about the unit, as far as it is recorded. */
export type TraceEvent =
  | {
      readonly kind: "write";
      readonly offset: number;
      readonly size: number;
      readonly value: bigint;
    }
  | { readonly kind: Plain };

/** What needs no more than its line. */
type Plain = "read" | "dma" | "fault" | "interrupt" | "note" | "store" | "page";

/** A line of the trace as a line of a recording, and what it says. */
export interface TraceRecord {
  readonly event: TraceEvent;
  /** JSON, without the end of the line. */
  readonly text: string;
}

type Reader = (words: RegExpExecArray) => TraceRecord;

const only = (kind: Plain, line: object): TraceRecord => ({
  event: { kind },
  text: JSON.stringify(line),
});

const hex = "(0x[0-9a-f]+)";

/** What the recorder's plugin tells of memory: an address and bytes. */
const memory = (kind: "store" | "page"): readonly [RegExp, Reader] => [
  new RegExp(`^${hex} ((?:[0-9a-f]{2})+)$`),
  ([, mem, bytes]) => only(kind, { mem, hex: bytes }),
];

/** The formats of QEMU 7.2 to 11.1 and of the recorder's plugin, by the name of the event. */
const readers: Readonly<Record<string, readonly [RegExp, Reader]>> = {
  vtd_reg_write: [
    new RegExp(`addr ${hex} size ${hex} value ${hex}`),
    ([, mmio = "", size, value = ""]) => ({
      event: { kind: "write", offset: Number(mmio), size: Number(size), value: BigInt(value) },
      text: JSON.stringify({ mmio, size: Number(size), value }),
    }),
  ],
  vtd_reg_read: [
    new RegExp(`addr ${hex} size ${hex}`),
    ([, mmioRead, size]) => only("read", { mmioRead, size: Number(size) }),
  ],
  vtd_dmar_translate: [
    new RegExp(`dev ([0-9a-f]+:[0-9a-f]+)\\.0*([0-7]) iova ${hex} -> gpa ${hex} mask ${hex}`),
    ([, slot = "", fn = "", iova, gpa, mask]) =>
      only("dma", { dma: `${slot}.${fn}`, iova, gpa, mask }),
  ],
  vtd_dmar_fault: [
    new RegExp(`sid ${hex} fault (\\d+) addr ${hex} write (\\d+)`),
    ([, sid, reason, fault, write]) =>
      only("fault", { fault, sid, reason: Number(reason), write: Number(write) }),
  ],
  vtd_ir_remap_msi: [
    new RegExp(`addr ${hex}, data ${hex}\\) -> \\(addr ${hex}, data ${hex}`),
    ([, msi, data, outAddr, outData]) => only("interrupt", { msi, data, outAddr, outData }),
  ],
  shadowfold_store: memory("store"),
  shadowfold_page: memory("page"),
};

/** Events that say why the unit did something, and that nothing else in a recording shows. */
const noted = new Set([
  ...["vtd_frr_new", "vtd_fault_disabled", "vtd_inv_desc_wait_write_fail"],
  "shadowfold_unseen",
]);

/** What QEMU writes into the same file when asked for it, or when a guest errs. */
const prefix = /^(?:\d+@\d+\.\d+:)?(\w+) ?(.*)$/;

/**
 * Reads one line of the trace.
 *
 * @param line  without its end; a process number and time before the event's name are passed over.
 * @returns `undefined` for events that follow from others, and for what is no event.
 */
export function readTraceLine(line: string): TraceRecord | undefined {
  const [, name = "", rest = ""] = prefix.exec(line) ?? [];
  if (noted.has(name)) return only("note", { note: `${name} ${rest}` });
  const [pattern, read] = (Object.hasOwn(readers, name) ? readers[name] : undefined) ?? [];
  const words = pattern?.exec(rest) ?? undefined;
  return words && read?.(words);
}
