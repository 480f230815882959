import { formatSourceId, hex } from "../../events/address.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { interruptEntryReserved, RemappedEntry } from "../../events/interrupt/interrupt-entry.ts";
import { mayUse } from "../../machines/interrupt/remapping.ts";
import type { InterruptRow } from "../observation.ts";
import type { Check } from "./check.ts";
import type { Rules } from "./rules.ts";
import { reservedBits } from "./rules.ts";

/** An interrupt request that a fault tells of. */
export interface InterruptAsked {
  readonly index: number;
  readonly source: number | undefined;
}

/** Entries are shown that are present; one that is not there is not. */
const unlisted = (index: number): Check => ({
  name: "interruptPresent",
  holds: false,
  reason: reason.interruptNotPresent,
  text: `no row of the listing is for index ${hex(index)}: the entry is not present`,
  isConditional: true,
});

/** What an entry says of whose requests it takes, and the request's own. */
function sourceCheck(entry: bigint, source: number | undefined): Check {
  const { sid, sq, svt } = RemappedEntry.decode(entry);
  const base = { name: "interruptSource", reason: reason.interruptSource } as const;
  if (source === undefined) {
    return { ...base, holds: undefined, text: "the source-id of the request is not told" };
  }
  const allows = mayUse(source, entry);
  const text =
    `the entry ${allows ? "allows" : "does not allow"} ${formatSourceId(source)} ` +
    `(SVT=${svt} SQ=${sq} SID=${formatSourceId(sid)})`;
  return { ...base, holds: allows, text };
}

/** Whether an entry has no reserved bit set; those of a wide destination are where EIME is 0. */
function hasNoReserved({ entry, shown }: InterruptRow, rules: Rules): boolean | undefined {
  const [wide, narrow] = [true, false].map((eime) =>
    reservedBits(rules, entry, (unit) => interruptEntryReserved(unit, entry, eime) & shown),
  );
  if (wide?.surely !== 0n) return false;
  return narrow?.surely === 0n && narrow.maybe === 0n ? true : undefined;
}

/**
 * The checks of a remappable interrupt request, by the entries that a text shows.
 *
 * @returns `undefined` where the text shows no entry at all.
 */
export function walkInterrupt(
  rows: readonly InterruptRow[],
  { index, source }: InterruptAsked,
  rules: Rules,
): readonly Check[] | undefined {
  if (rows.length === 0) return undefined;
  const own = rows.filter((row) => row.index === index);
  const [row] = own;
  if (row === undefined) return [unlisted(index)];
  const base = { name: "interruptPresent", reason: reason.interruptNotPresent } as const;
  if (own.length > 1) {
    const text = `${own.length} units have an entry of index ${hex(index)}`;
    return [{ ...base, holds: undefined, text }];
  }
  const { present } = RemappedEntry.decode(row.entry);
  const what = `the entry ${hex(row.entry & row.shown)} of index ${hex(index)}`;
  if (!present) return [{ ...base, holds: false, text: `${what} is not present (P=0)` }];
  const hold = hasNoReserved(row, rules);
  const has = hold === true ? "no reserved bit" : `bits that are reserved, or may be,`;
  return [
    { ...base, holds: true, text: `${what} is present (P=1)` },
    {
      name: "interruptReserved",
      holds: hold,
      reason: reason.interruptEntryReserved,
      text: `the entry has ${has} set`,
    },
    sourceCheck(row.entry, source),
  ];
}
