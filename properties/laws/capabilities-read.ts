import { hex } from "../../events/address.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { Law } from "./law.ts";
import { find } from "./requests.ts";
import { guestIndex } from "./run.ts";

/** VER, CAP and ECAP. */
interface Words {
  readonly ver: bigint;
  readonly cap: bigint;
  readonly ecap: bigint;
}

/** GSTS.WBFS, AFLS and FLS; FSTS.AFO, APF and PRO: what no unit here has, or is done at once. */
const idle: readonly (readonly [offset: number, bits: bigint])[] = [
  [0x1c, 0x3800_0000n],
  [0x34, 0x8cn],
];

/** Why software does not read of a unit what it is, or nothing. */
function check(guest: Guest, { ver, cap, ecap }: Words): string | undefined {
  const [number, first, second] = [
    readBytes(guest, 0, 4),
    readBytes(guest, 8, 8),
    readBytes(guest, 16, 8),
  ];
  if (number !== ver) return `VER is ${hex(number)}, not ${hex(ver)}`;
  if (first !== cap) return `CAP is ${hex(first)}, not ${hex(cap)}`;
  if (second !== ecap) return `ECAP is ${hex(second)}, not ${hex(ecap)}`;
  if (readBytes(guest, 0x18, 4) !== 0n) return "GCMD does not read as 0";
  const iva = Number((ecap >> 8n) & 0x3ffn) * 16;
  const hasIva = iva !== 0 && ((ver >> 4n) & 0xfn) < 6n;
  if (hasIva && readBytes(guest, iva, 8) !== 0n) return "IVA does not read as 0";
  // FSTS.PRO is of version 2.x.
  const old = (ecap & (1n << 24n)) !== 0n ? 0x80n : 0n;
  const isShown = (at: number, bits: bigint): boolean =>
    (readBytes(guest, at, 4) & bits & ~(at === 0x34 ? old : 0n)) !== 0n;
  const [offset] = idle.find(([at, bits]) => isShown(at, bits)) ?? [];
  return offset === undefined ? undefined : `${hex(offset)} shows what the unit has not`;
}

export const unitsSayWhatTheyAre: Law = {
  id: "RG5",
  says:
    "VER, CAP and ECAP read as the unit was made, GCMD and IVA as 0, and of GSTS and FSTS no bit " +
    "is set of what no unit has.",
  sometimes: ["as set up", "as created"],
  check(run, count) {
    const words: Words[] = run.setup.guests.map(({ ver, cap, ecap }) => ({ ver, cap, ecap }));
    const seen: (Guest["registers"] | undefined)[] = [];
    for (const { input, facts, after, seq } of run.steps) {
      const index = guestIndex(input);
      const created = find(facts, "UnitCreated");
      if (created !== undefined) {
        words[index] = created;
        count("as created");
      }
      const [guest, of] = [after.guests[index], words[index]];
      if (guest === undefined || of === undefined || seen[index] === guest.registers) continue;
      seen[index] = guest.registers;
      const text = check(guest, of);
      if (text !== undefined) return { law: "RG5", seq, text };
      count("as set up");
    }
    return undefined;
  },
};
