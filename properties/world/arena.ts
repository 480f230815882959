/**
 * Where things lie in each generated guest, as guest page numbers. Small on purpose: what is
 * reused,
 * shared and overwritten must meet.
 */
export const arena = {
  /** Root tables: the first one and one to change to. */
  roots: [0, 1],
  /** Context tables: of bus 0, bus 1, bus 2. */
  contexts: [2, 3, 23],
  tables: Array.from({ length: 16 }, (_, index) => 4 + index),
  queue: 20,
  /** The interrupt table, and posted descriptors in the upper half of its page. */
  interrupts: 21,
  status: 22,
  data: Array.from({ length: 40 }, (_, index) => 24 + index),
  /** Nothing is mapped there at first. */
  spare: Array.from({ length: 8 }, (_, index) => 64 + index),
  /** Blocks of 2 MiB, each one mapping of the P2M. */
  large: [512, 1024],
  /** A block of 2 MiB whose address differs from that of the first in bits above 31 alone. */
  high: 0x100200,
  /** A block of 1 GiB that one mapping of the P2M holds. */
  huge: 0x40000,
  /** Blocks of 2 MiB around the interrupt range. */
  interrupt: [0xfec00, 0xfee00],
  /** Where each guest's reserved region is, if it has one; the host frames there are nobody's. */
  reserved: [0x2000, 0x3000],
  /** Units with scalable mode: root tables, and context tables of bus 0, bus 1, bus 2. */
  scalableRoots: [128, 129],
  scalableContexts: [130, 131, 132],
  directories: [133, 134],
  pasidTables: [135, 136, 137],
  firstStage: Array.from({ length: 16 }, (_, index) => 138 + index),
  pageRequests: 154,
} as const;

/** Pages of 4 KiB that units with scalable mode have besides, mapped in blocks of 4 pages too. */
export const scalablePages = { first: 128, count: 32 } as const;

/** Pages of 4 KiB that the P2M maps in blocks of 4 pages. */
export const smallPages = 64;

/** Host frames: where each guest's lie at the start, and some that nobody has. */
export const frames = {
  small: (guest: number): number => 0x1000 + guest * 0x400,
  scalable: (guest: number): number => 0x1100 + guest * 0x400,
  large: (guest: number): number => 0x10000 + guest * 0x2000,
  huge: (guest: number): number => 0x40000 * (1 + guest),
  free: 0x800,
  freeLarge: 0x30000,
} as const;

/**
 * Source-ids of the devices: two functions of one device, the upper half of another bus, behind a
 * bridge whose device and function are those of the first on another bus, virtual.
 */
export const sources = {
  first: 0x20,
  function4: 0x24,
  otherBus: 0x1c0,
  behindBridge: 0x208,
  bridge: 0x220,
  virtual: 0x10,
} as const;

/** The devices by the source-id that their requests carry, and by their own. */
export const requesters = [
  sources.first,
  sources.function4,
  sources.otherBus,
  sources.bridge,
  sources.virtual,
] as const;
export const deviceSources = [
  sources.first,
  sources.otherBus,
  sources.behindBridge,
  sources.function4,
  sources.virtual,
  sources.first,
] as const;

/** The device whose requests carry a source-id. */
export const deviceOf = (source: number): number =>
  source === sources.bridge ? sources.behindBridge : source;
