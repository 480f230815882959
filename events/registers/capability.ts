import { layout } from "../layout/layout.ts";
import { code, flag, uint } from "../layout/layout-field.ts";

/** Version register. */
export const Ver = layout({
  name: "VER",
  width: 32,
  fields: {
    minor: uint([3, 0], "Minor version."),
    major: uint([7, 4], "Major version; from 6 on there is no register-based invalidation."),
  },
  reserved: [[31, 8]],
});

/** Capability register. */
export const Cap = layout({
  name: "CAP",
  width: 64,
  fields: {
    nd: uint([2, 0], "Domain-ids have 4 + 2 ND bits; 7 is reserved."),
    afl: flag(3, "Advanced fault logging."),
    rwbf: flag(4, "The write buffer must be flushed by software."),
    plmr: flag(5, "Protected low memory region."),
    phmr: flag(6, "Protected high memory region."),
    cm: flag(7, "Caching mode: entries that are not present may be cached."),
    sagaw: uint([12, 8], "Second-stage tables of 3 (bit 1), 4 (bit 2) and 5 (bit 3) levels."),
    mgaw: uint([21, 16], "Maximum guest address width in bits, less one."),
    zlr: flag(22, "Zero-length reads of write-only pages."),
    fro: uint([33, 24], "Offset of the first fault record, in units of 16 bytes."),
    sllps: code(
      [37, 34],
      { none: 0, m2: 1, g1: 3, g512: 7, t1: 15 },
      "Largest second-stage superpage.",
    ),
    psi: flag(39, "Page-selective invalidation."),
    nfr: uint([47, 40], "Number of fault records, less one."),
    mamv: uint([53, 48], "Largest address mask of a page-selective invalidation."),
    dwd: flag(54, "Writes can be drained."),
    drd: flag(55, "Reads can be drained."),
    fl1gp: flag(56, "First-stage pages of 1 GiB."),
    pi: flag(59, "Posted interrupts."),
    fl5lp: flag(60, "First-stage tables of 5 levels."),
    ecmds: flag(61, "Enhanced commands."),
    esirtps: flag(62, "Setting the interrupt table pointer invalidates the caches."),
    esrtps: flag(63, "Setting the root table pointer invalidates the caches."),
  },
  reserved: [
    [15, 13],
    [23, 23],
    [38, 38],
    [58, 57],
  ],
});

/** Extended capability register. */
export const Ecap = layout({
  name: "ECAP",
  width: 64,
  fields: {
    c: flag(0, "Table walks snoop the CPU's caches."),
    qi: flag(1, "Queued invalidation."),
    dt: flag(2, "Device TLBs."),
    ir: flag(3, "Interrupt remapping."),
    eim: flag(4, "Extended interrupt mode: 32-bit APIC ids."),
    pt: flag(6, "Pass-through."),
    sc: flag(7, "Snoop control in second-stage entries."),
    iro: uint([17, 8], "Offset of the IOTLB registers, in units of 16 bytes."),
    mhmv: uint([23, 20], "Largest mask of an interrupt entry invalidation."),
    ecs: flag(24, "Extended root and context entries (2.x only)."),
    mts: flag(25, "Memory types."),
    nest: flag(26, "Nested translation."),
    dis: flag(27, "Deferred invalidation (2.x only)."),
    pasid2: flag(28, "Process address space ids up to 2.3; no effect."),
    prs: flag(29, "Page requests."),
    ers: flag(30, "Execute requests."),
    srs: flag(31, "Supervisor requests."),
    pot: flag(32, "PASID-only translation (2.x only)."),
    nwfs: flag(33, "The no-write flag of translation requests."),
    eafs: flag(34, "Extended accessed flag."),
    pss: uint([39, 35], "Bits of a PASID, less one."),
    pasid: flag(40, "Process address space ids."),
    dit: flag(41, "Device TLB invalidations can be throttled."),
    pds: flag(42, "Page requests can be drained."),
    smts: flag(43, "Scalable mode."),
    vcs: flag(44, "Virtual commands."),
    slads: flag(45, "Second-stage accessed and dirty bits."),
    ssts: flag(46, "Second-stage translation in scalable mode."),
    flts: flag(47, "First-stage translation in scalable mode."),
    smpwcs: flag(48, "Scalable-mode page walks snoop."),
    rps: flag(49, "A PASID for requests without one."),
    pms: flag(51, "Performance monitoring."),
    adms: flag(52, "Abort-DMA mode."),
    rprivs: flag(53, "A privilege level for requests without PASID."),
  },
  reserved: [
    [5, 5],
    [19, 18],
    [50, 50],
    [63, 54],
  ],
});
