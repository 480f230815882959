import { entries, places, putAt, without } from "./example-extended.ts";
import type { FaultCase } from "./fault-case.ts";
import { both, cases, context, far, fetches, none, nowhere, page5, writes } from "./fault-case.ts";

const pasid = 0x42;
const [, high = 0n] = entries.plain;

/** What is wrong with the first level alone, or with the second alone. */
export const walkCases: readonly FaultCase[] = [
  ...cases(0x14, [["bit 47 without those above", none, { pasid, address: 1n << 47n }]]),
  ...cases(0x13, [["top table beyond memory", putAt(places.pasid, nowhere | 0x801n)]]),
  ...cases(0x15, [["lower table beyond memory", putAt(0xb000n, nowhere | 7n)]]),
  ...cases(0x17, [
    ["P clear, reading", putAt(0xd030n, 0xf006n)],
    ["P clear, writing", putAt(0xd030n, 0xf006n), writes],
  ]),
  ...cases(0x5, [
    ["RW clear on the way", putAt(0xa000n, 0xb005n), writes],
    ["RW clear under WPE", putAt(0xd030n, 0xf005n), { ...writes, privileged: true }],
  ]),
  ...cases(0x16, [
    ["beyond the width", putAt(0xd030n, far | 0xf007n)],
    ["bit 7 at level 4", putAt(0xa000n, 0xb087n)],
    ["2 MiB that is not aligned", putAt(0xc060n, 0x2087n)],
    ["1 GiB that is not aligned", putAt(0xb000n, 0x20_0087n)],
    [
      "1 GiB without FL1GP",
      ({ unit, put }) => {
        unit.cap &= ~(1n << 56n);
        put(0xb000n, 0x87n);
      },
    ],
    [
      "XD without NXE",
      both(context(undefined, high & ~0x10n), putAt(0xd030n, (1n << 63n) | 0xf007n)),
    ],
    ["before U/S", putAt(0xd030n, far | 0xf003n)],
  ]),
  ...cases(0x1e, [
    ["US clear on the way", putAt(0xb000n, 0xc003n)],
    ["US before RW", putAt(0xd030n, 0xf001n), writes],
  ]),
  ...cases(0x1d, [
    ["XD", putAt(0xd030n, (1n << 63n) | 0xf007n), fetches],
    ["SMEP", context(undefined, high | (1n << 24n)), { ...fetches, privileged: true }],
  ]),
  ...cases(0xe, [["first-level page in the interrupt range", putAt(0xd030n, 0xfee0_0007n)]]),
  ...cases(
    0x4,
    [
      ["beyond the width of the levels", ({ unit }) => (unit.cap &= ~(0x3fn << 16n))],
      ["beyond four levels", none, { address: 1n << 48n }],
    ],
    page5,
  ),
  ...cases(
    0x6,
    [
      ["R clear on the way", putAt(0x9000n, 0xe006n)],
      ["R before reserved bits", putAt(0x9000n, far | 0xe006n)],
    ],
    page5,
  ),
  ...cases(0x5, [["W clear", putAt(0x4028n, 0x5005n)]], { ...page5, access: "write" }),
  ...cases(0x7, [["lower table beyond memory", putAt(0x8000n, nowhere | 7n)]], page5),
  ...cases(
    0xc,
    [
      ["beyond the width", putAt(0x4028n, far | 0x5007n)],
      ["bit 7 at level 4", putAt(0x8000n, 0x9087n)],
      ["SNP of a table", putAt(0xe000n, 0x4807n)],
      ["TM of a table", putAt(0xe000n, (1n << 62n) | 0x4007n)],
      ["SNP without SC", both(without(7), putAt(0x4028n, 0x5807n))],
      ["TM without DT", both(without(2), putAt(0x4028n, (1n << 62n) | 0x5007n))],
      ["2 MiB that is not aligned", putAt(0xe000n, 0x1087n)],
      [
        "1 GiB without its size",
        ({ unit, put }) => {
          unit.cap &= ~(1n << 35n);
          put(0x9000n, 0x87n);
        },
      ],
      [
        "2 MiB without its size",
        ({ unit, put }) => {
          unit.cap &= ~(1n << 34n);
          put(0xe000n, 0x87n);
        },
      ],
    ],
    page5,
  ),
  ...cases(
    0xe,
    [["second-level page in the interrupt range", putAt(0x4028n, 0xfee0_1007n)]],
    page5,
  ),
];

/** Under nesting every address of the first level goes through the second. */
export const nestedCases: readonly FaultCase[] = [
  ...cases(
    0x6,
    [
      ["no leave to read the PASID entry", putAt(0x4030n, 0x6006n)],
      ["no leave to read a first-level table", putAt(0x4060n, 0xc006n)],
      ["no leave to read the page", putAt(0x4078n, 0xf006n)],
    ],
    { pasid },
    entries.nested,
  ),
  ...cases(
    0x5,
    [
      ["no leave to set accessed", putAt(0x4060n, 0xc005n)],
      ["no leave to write the page", putAt(0x4078n, 0xf005n), writes],
    ],
    { pasid },
    entries.nested,
  ),
  ...cases(
    0x4,
    [
      ["PASID table beyond the second level", putAt(places.context + 16n, (1n << 48n) | 0x6002n)],
      ["first level beyond the second", putAt(places.pasid, (1n << 48n) | 0xa801n)],
      ["page beyond the second level", putAt(0xd030n, (1n << 48n) | 0xf007n)],
    ],
    { pasid },
    entries.nested,
  ),
  ...cases(
    0x3,
    [["top of the second level", putAt(places.context, nowhere | 0xc01n)]],
    { pasid },
    entries.nested,
  ),
  ...cases(
    0x7,
    [["a lower table of the second", putAt(0x8000n, nowhere | 7n)]],
    { pasid },
    entries.nested,
  ),
  ...cases(
    0xc,
    [["reserved bit of the second", putAt(0x4068n, far | 0xd007n)]],
    { pasid },
    entries.nested,
  ),
  ...cases(
    0x1d,
    [
      [
        "X clear under SLEE",
        both(putAt(places.context + 8n, high | (1n << 27n)), putAt(0x4078n, 0xf003n)),
      ],
    ],
    fetches,
    entries.nested,
  ),
  ...cases(
    0xe,
    [["page in the interrupt range", putAt(0x4078n, 0xfee0_0007n)]],
    { pasid },
    entries.nested,
  ),
  ...cases(
    0x13,
    [["top table, which memory lacks", putAt(0x4050n, nowhere | 7n)]],
    { pasid },
    entries.nested,
  ),
  ...cases(
    0x15,
    [["lower table, which memory lacks", putAt(0x4058n, nowhere | 7n)]],
    { pasid },
    entries.nested,
  ),
];
