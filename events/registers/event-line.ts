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

const control = {
  ip: flag(30, "An interrupt is pending."),
  im: flag(31, "The interrupt is masked."),
};
const data = {
  imd: uint([15, 0], "Data of the message."),
  eimd: uint([31, 16], "Upper half of the data; not writable."),
};
const lower = { ma: address([31, 2], "Address of the message, bits 31:2.") };
const upper = { mua: wide([31, 0], "Address of the message, bits 63:32.") };

/** Fault event control register. */
export const Fectl = layout({ name: "FECTL", width: 32, fields: control, reserved: [[29, 0]] });
/** Fault event data register. */
export const Fedata = layout({ name: "FEDATA", width: 32, fields: data, reserved: [] });
/** Fault event address register. */
export const Feaddr = layout({ name: "FEADDR", width: 32, fields: lower, reserved: [[1, 0]] });
/** Fault event upper address register. */
export const Feuaddr = layout({ name: "FEUADDR", width: 32, fields: upper, reserved: [] });

/** Invalidation completion event control register. */
export const Iectl = layout({ name: "IECTL", width: 32, fields: control, reserved: [[29, 0]] });
/** Invalidation completion event data register. */
export const Iedata = layout({ name: "IEDATA", width: 32, fields: data, reserved: [] });
/** Invalidation completion event address register. */
export const Ieaddr = layout({ name: "IEADDR", width: 32, fields: lower, reserved: [[1, 0]] });
/** Invalidation completion event upper address register. */
export const Ieuaddr = layout({ name: "IEUADDR", width: 32, fields: upper, reserved: [] });
