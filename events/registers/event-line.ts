import { layout } from "../layout/layout.ts";
import { address, flag, uint, wide } from "../layout/layout-field.ts";

/** Fault status register. */
export const Fsts = layout({
  name: "FSTS",
  width: 32,
  fields: {
    pfo: flag(0, "A fault was dropped because no record was free."),
    ppf: flag(1, "Some fault record holds a fault."),
    afo: flag(2, "The fault log overflowed."),
    apf: flag(3, "The fault log holds a fault."),
    iqe: flag(4, "The invalidation queue halted on an error."),
    ice: flag(5, "A device TLB answered with an error or unexpectedly."),
    ite: flag(6, "A device TLB did not answer in time."),
    pro: flag(7, "The page-request queue overflowed."),
    fri: uint([15, 8], "Index of the first record that holds a fault."),
  },
  reserved: [[31, 16]],
});

/** Invalidation completion status register. */
export const Ics = layout({
  name: "ICS",
  width: 32,
  fields: { iwc: flag(0, "A wait descriptor that asks for an interrupt completed.") },
  reserved: [[31, 1]],
});

/** The layouts of an event line's registers; their names begin with the line's own prefix. */
function eventLine(prefix: "FE" | "IE" | "PE") {
  const control = layout({
    name: `${prefix}CTL`,
    width: 32,
    fields: {
      ip: flag(30, "An interrupt is pending."),
      im: flag(31, "The interrupt is masked."),
    },
    reserved: [[29, 0]],
  });
  const data = layout({
    name: `${prefix}DATA`,
    width: 32,
    fields: {
      imd: uint([15, 0], "Data of the message."),
      eimd: uint([31, 16], "Upper half of the data; not writable."),
    },
    reserved: [],
  });
  const low = layout({
    name: `${prefix}ADDR`,
    width: 32,
    fields: { ma: address([31, 2], "Address of the message, bits 31:2.") },
    reserved: [[1, 0]],
  });
  const high = layout({
    name: `${prefix}UADDR`,
    width: 32,
    fields: { mua: wide([31, 0], "Address of the message, bits 63:32.") },
    reserved: [],
  });
  return { control, data, low, high };
}

/** The layouts of an event line's control, data, address and upper address register. */
export type EventLineLayouts = ReturnType<typeof eventLine>;

/** The event lines: of faults, of the completion of invalidations, and of page requests. */
export const eventLines = {
  fault: eventLine("FE"),
  invalidation: eventLine("IE"),
  pageRequest: eventLine("PE"),
} as const;

const { fault, invalidation, pageRequest } = eventLines;

/** Fault event control register. */
export const Fectl = fault.control;
/** Fault event data register. */
export const Fedata = fault.data;
/** Fault event address register. */
export const Feaddr = fault.low;
/** Fault event upper address register. */
export const Feuaddr = fault.high;

/** Invalidation completion event control register. */
export const Iectl = invalidation.control;
/** Invalidation completion event data register. */
export const Iedata = invalidation.data;
/** Invalidation completion event address register. */
export const Ieaddr = invalidation.low;
/** Invalidation completion event upper address register. */
export const Ieuaddr = invalidation.high;

/** Page request event control register. */
export const Pectl = pageRequest.control;
/** Page request event data register. */
export const Pedata = pageRequest.data;
/** Page request event address register. */
export const Peaddr = pageRequest.low;
/** Page request event upper address register. */
export const Peuaddr = pageRequest.high;
