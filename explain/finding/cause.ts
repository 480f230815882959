// Length: one table of what usually leads to each fault.
import type { Step } from "./next-step.ts";

/** What a fault reason usually comes from, and what to look at next. */
export interface Cause {
  readonly usual: readonly string[];
  readonly next: readonly Step[];
}

const unmapped: Cause = {
  usual: [
    "the driver unmapped the buffer while the device still used it, or never mapped it",
    "the device reads or writes beyond the end of a buffer, or has an address of its firmware's",
    "the device was not stopped: by the kernel before (kexec, kdump), or by the firmware",
  ],
  next: ["maps", "pages", "dump", "apiDebug"],
};

const direction = (tried: string, mapped: string): string =>
  `the driver mapped the buffer for ${mapped} alone, and the device ${tried}`;

const notPresent: Cause = {
  usual: [
    "no domain was ever attached to this source-id: the device has no driver, or its requests " +
      "carry the source-id of a bridge, an alias or a phantom function",
    "the firmware left the device at work when the kernel turned translation on",
    "the entry was cleared (driver unbound, device handed to a guest) while the device still " +
      "worked",
  ],
  next: ["lspci", "tables", "table", "dump"],
};

const unreadable: Cause = {
  usual: [
    "an entry above points to where there is no memory: it was overwritten, or its page freed",
    "the tables lie where the unit may not read (a protected region, a broken address)",
  ],
  next: ["dump", "tables", "registers"],
};

const reserved: Cause = {
  usual: [
    "a bit is set that this unit does not know: a driver that assumes a capability (SNP without " +
      "ECAP.SC, a superpage without CAP.SLLPS), or a unit that reports one too few",
    "an entry was overwritten by something else, or points beyond the host's address width",
  ],
  next: ["dump", "registers", "pages"],
};

const unwrittenPasid: Cause = {
  usual: [
    "nobody has set up the PASID: the process is gone, or the device was not told to stop using it",
    "the entry is written and not written back to memory: the unit does not see the CPU's caches",
    "a crash kernel did not take over the PASID tables, and the device was still at work",
  ],
  next: ["tables", "dump", "registers", "record"],
};

const interruptRequest: Cause = {
  usual: [
    "the device uses an MSI address of before: it lost its configuration in a power state or a " +
      "reset, or somebody wrote it around the kernel",
    "a guest programmed the device with the message that it was to see, not with the real one",
  ],
  next: ["lspci", "interrupts", "table"],
};

const causes: ReadonlyMap<number, Cause> = new Map<number, Cause>([
  [0x01, notPresent],
  [0x02, notPresent],
  [0x39, notPresent],
  [0x41, notPresent],
  [
    0x03,
    {
      usual: [
        "AW asks for a depth that CAP.SAGAW does not have, or TT for a type that ECAP does " +
          "not have",
      ],
      next: ["registers", "tables", "dump"],
    },
  ],
  [
    0x04,
    {
      usual: [
        "the device uses more address bits than CAP.MGAW and the tables have, or an address that " +
          "is no IOVA",
      ],
      next: ["registers", "tables", "maps"],
    },
  ],
  [
    0x05,
    {
      ...unmapped,
      usual: [direction("wrote", "reading (DMA_TO_DEVICE)"), ...unmapped.usual],
    },
  ],
  [
    0x06,
    {
      ...unmapped,
      usual: [...unmapped.usual, direction("read", "writing (DMA_FROM_DEVICE)")],
    },
  ],
  [0x07, unreadable],
  [0x08, unreadable],
  [0x09, unreadable],
  [0x0a, reserved],
  [0x0b, reserved],
  [0x0c, reserved],
  [
    0x0d,
    {
      usual: [
        "the device sends translation requests or translated requests (ATS), and TT does not " +
          "allow " +
          "them",
      ],
      next: ["tables", "lspci"],
    },
  ],
  [0x0e, { usual: ["the tables map a page onto the interrupt range 0xFEExxxxx"], next: ["pages"] }],
  [0x20, interruptRequest],
  [
    0x21,
    {
      usual: ["the interrupt's index is beyond IRTA.S: the request was not made for this table"],
      next: ["interrupts", "registers", "lspci"],
    },
  ],
  [
    0x22,
    {
      usual: [
        "an interrupt came before its entry was written or after it was cleared: the device was " +
          "not masked",
        "the entry is written and not written back (ECAP.C=0), or cached from before (no IEC " +
          "invalidation)",
      ],
      next: ["interrupts", "lspci", "maps"],
    },
  ],
  [0x23, unreadable],
  [0x24, reserved],
  [
    0x25,
    {
      usual: [
        "the device sends interrupts of the compatibility format: its MSI address was not " +
          "written " +
          "by the kernel that remaps (left from the firmware, lost in a power state, written " +
          "by a " +
          "guest)",
      ],
      next: ["lspci", "interrupts", "table"],
    },
  ],
  [
    0x26,
    {
      usual: [
        "the request's source-id is not the one that the entry allows: an alias behind a " +
          "bridge, a " +
          "device that answers with another function's id, or a wrong scope of the DMAR table",
      ],
      next: ["interrupts", "lspci", "table"],
    },
  ],
  [0x30, unreadable],
  [
    0x31,
    {
      usual: ["the unit is in legacy mode, and the device sends requests with PASID"],
      next: ["registers", "lspci"],
    },
  ],
  [
    0x32,
    {
      usual: ["the unit is in legacy mode, and the device sends page requests"],
      next: ["registers", "lspci"],
    },
  ],
  [
    0x44,
    {
      usual: ["the device uses ATS, and its context entry has DTE=0"],
      next: ["tables", "lspci"],
    },
  ],
  [
    0x45,
    { usual: ["the device uses PASIDs, and its context entry has PASIDE=0"], next: ["tables"] },
  ],
  [0x46, { usual: ["the device uses a PASID above what its directory holds"], next: ["tables"] }],
  [
    0x47,
    {
      usual: ["the device sends page requests, and its context entry has PRE=0"],
      next: ["tables"],
    },
  ],
  [0x51, unwrittenPasid],
  [0x59, unwrittenPasid],
  [
    0x5b,
    {
      usual: ["PGTT, AW or FSPM of the PASID entry ask for what the unit cannot do"],
      next: ["tables", "registers"],
    },
  ],
  [0x71, unmapped],
  [
    0x79,
    {
      ...unmapped,
      usual: [...unmapped.usual, "the page is mapped for the other direction alone"],
    },
  ],
  [
    0x80,
    {
      usual: ["the device used a pointer whose upper bits are not all alike"],
      next: ["maps", "lspci"],
    },
  ],
  [
    0x81,
    {
      usual: ["the page is the kernel's, and the request has a user's rights"],
      next: ["pages"],
    },
  ],
  [0x85, { ...unmapped, usual: [direction("wrote", "reading"), ...unmapped.usual] }],
  [0x86, unmapped],
  [
    0x87,
    {
      usual: ["a request with PASID to the interrupt range, or a page mapped onto it"],
      next: ["pages"],
    },
  ],
]);

const groups: readonly (readonly [ReadonlySet<number>, Cause])[] = [
  [new Set([0x38, 0x40, 0x50, 0x58, 0x70, 0x73, 0x78, 0x7b]), unreadable],
  [new Set([0x3a, 0x42, 0x52, 0x5a, 0x72, 0x7a]), reserved],
];

const unknown: Cause = { usual: [], next: ["dump", "tables"] };

/** What usually leads to a fault of this reason. */
export function causeOf(reason: number | undefined): Cause {
  if (reason === undefined) return unknown;
  return causes.get(reason) ?? groups.find(([reasons]) => reasons.has(reason))?.[1] ?? unknown;
}
