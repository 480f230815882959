import { layout } from "../layout/layout.ts";
import { address, code, flag, uint } from "../layout/layout-field.ts";
import { contextGranularities, functionMaskCodes } from "../queue/descriptor-field.ts";

/** Global command register: what software asks for. Reads as 0. */
export const Gcmd = layout({
  name: "GCMD",
  width: 32,
  fields: {
    cfi: flag(23, "Compatibility-format interrupts pass."),
    sirtp: flag(24, "Latch the interrupt table pointer (one-shot)."),
    ire: flag(25, "Enable interrupt remapping."),
    qie: flag(26, "Enable queued invalidation."),
    wbf: flag(27, "Flush the write buffer (one-shot)."),
    eafl: flag(28, "Enable advanced fault logging."),
    sfl: flag(29, "Latch the fault log pointer (one-shot)."),
    srtp: flag(30, "Latch the root table pointer (one-shot)."),
    te: flag(31, "Enable translation."),
  },
  reserved: [[22, 0]],
});

/** Global status register: what is the case. */
export const Gsts = layout({
  name: "GSTS",
  width: 32,
  fields: {
    cfis: flag(23, "Compatibility-format interrupts pass."),
    irtps: flag(24, "The interrupt table pointer is latched."),
    ires: flag(25, "Interrupt remapping is enabled."),
    qies: flag(26, "Queued invalidation is enabled."),
    wbfs: flag(27, "A write-buffer flush is in progress."),
    afls: flag(28, "Advanced fault logging is enabled."),
    fls: flag(29, "The fault log pointer is latched."),
    rtps: flag(30, "The root table pointer is latched."),
    tes: flag(31, "Translation is enabled."),
  },
  reserved: [[22, 0]],
});

/**
 * Root table address register; in force once SRTP latches it.
 *
 * Reading: bits beyond the host's width are kept, and lead nowhere; of IQA, IRTA and PQA too.
 */
export const Rtaddr = layout({
  name: "RTADDR",
  width: 64,
  fields: {
    ttm: code(
      [11, 10],
      { legacy: 0, scalable: 1, extended: 2, abort: 3 },
      "Translation table mode; of version 2.x bit 11 alone, the root table type (RTT).",
    ),
    rta: address([63, 12], "The root table."),
  },
  reserved: [[9, 0]],
});

/** Context command register: invalidates context entries. */
export const Ccmd = layout({
  name: "CCMD",
  width: 64,
  fields: {
    did: uint([15, 0], "Domain-id."),
    sid: uint([31, 16], "Source-id."),
    fm: code([33, 32], functionMaskCodes, "Bits of the function number that are not compared."),
    caig: code([60, 59], { none: 0, ...contextGranularities }, "The granularity that was used."),
    cirg: code([62, 61], contextGranularities, "The granularity asked for."),
    icc: flag(63, "Invalidate; clear when done."),
  },
  reserved: [[58, 34]],
});
