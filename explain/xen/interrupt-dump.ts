import { PostedEntry, RemappedEntry } from "../../events/interrupt/interrupt-entry.ts";
import { placeField } from "../../events/layout/layout.ts";
import { bitMask } from "../../events/layout/layout-field.ts";
import { hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";

type Columns = readonly (keyof typeof RemappedEntry.fields)[];

const newer: Columns = [
  "svt",
  "sq",
  "sid",
  "vector",
  "avail",
  "fpd",
  "dst",
  "dlm",
  "tm",
  "rh",
  "dm",
  "present",
];
const older: Columns = [
  "svt",
  "sq",
  "sid",
  "dst",
  "vector",
  "avail",
  "dlm",
  "tm",
  "rh",
  "dm",
  "fpd",
  "present",
];

const rowForm = /^\s*([RP]:)?\s*([0-9a-f]{4}):\s+((?:[0-9a-f]+\s+){7,11}[0-9a-f]+)\s*$/i;

/** The entry that a row's columns make, and the bits that they show. */
function remapped(columns: Columns, values: readonly bigint[]) {
  let [entry, shown] = [0n, RemappedEntry.mask("posted")];
  for (const [index, name] of columns.entries()) {
    const field = RemappedEntry.fields[name];
    const mask = RemappedEntry.mask(name);
    entry |= placeField(field, BigInt.asUintN(field.msb - field.lsb + 1, values[index] ?? 0n));
    shown |= mask;
  }
  return { entry, shown };
}

/** SVT, SQ, SID, V, AVL, FPD, PDA, URG, P. */
function posted(values: readonly bigint[]) {
  const [svt, sq, sid, vector, avail, fpd, pda = 0n, urg, present] = values;
  const entry = PostedEntry.encode({
    posted: true,
    svt: Number(svt) & 3,
    sq: Number(sq) & 3,
    sid: Number(sid) & 0xffff,
    vector: Number(vector) & 0xff,
    avail: Number(avail) & 0xf,
    fpd: fpd === 1n,
    pdaLow: Number((pda >> 6n) & 0x3ff_ffffn),
    pdaHigh: Number((pda >> 32n) & 0xffff_ffffn),
    urg: urg === 1n,
    present: present === 1n,
  });
  return { entry, shown: bitMask(127, 0) & ~PostedEntry.reservedMask };
}

const headings: readonly RegExp[] = [
  /Interrupt (?:Remapping|Posting): |Queued Invalidation: /,
  /Interrupt remapping table \(nr_entry|R means remapped/,
  /^\s*(?:[RP]: +)?SVT +SQ/,
  /Redirection table of IOAPIC|#entry IDX FMT/,
];

/** Starts to read Xen's dump of the interrupt remapping tables (debug key V). */
export function startXenInterrupts(): Recogniser {
  let unit = "";
  return (words) => {
    const name = /^\s*iommu ([0-9a-f]+): nr_pt_levels = /.exec(words)?.[1];
    if (name !== undefined) {
      unit = name;
      return { kind: "plain", what: "a heading" };
    }
    const [, form, digits, list] = rowForm.exec(words) ?? [];
    if (list !== undefined && unit !== "") {
      const values = list
        .trim()
        .split(/\s+/)
        .map((value) => hexNumber(value) ?? 0n);
      const columns = form === undefined ? older : newer;
      const row = form === "P:" ? posted(values) : remapped(columns, values);
      const index = Number.parseInt(digits ?? "", 16);
      return { kind: "interruptRow", unit, index, ...row };
    }
    return headings.some((one) => one.test(words))
      ? { kind: "plain", what: "a heading" }
      : undefined;
  };
}
