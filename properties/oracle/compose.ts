import type { Access, PageSize } from "../../events/input.ts";
import type { P2m } from "./p2m.ts";
import { grantOf } from "./p2m.ts";
import type { TableAnswer } from "./walk.ts";

/** A fault's reason, and whether some entry's FPD keeps it from being recorded. */
export interface Fault {
  readonly fault: number;
  readonly suppressed: boolean;
}

/** What the guest's tables say of one access to one byte. */
export type GuestAnswer =
  | { readonly gpa: bigint; readonly size: PageSize }
  | Fault
  | { readonly interrupt: true };

/** The same with the P2M behind it. */
export type ComposedAnswer =
  | { readonly hpa: bigint; readonly size: PageSize }
  | Fault
  | { readonly hole: true }
  | { readonly interrupt: true };

export interface Answer {
  readonly guest: GuestAnswer;
  readonly composed: ComposedAnswer;
}

/** Faults that no FPD suppresses: they arise before an entry with that bit is at hand. */
export const unqualified: readonly number[] = [
  ...[0x1, 0x8, 0x9, 0xa, 0x10, 0x1c, 0x30, 0x31, 0x32, 0x33, 0x38, 0x39, 0x3a, 0x40, 0x50, 0x58],
];

const order = ["4K", "2M", "1G"] as const;

/** The smaller of two sizes. */
export const smaller = (a: PageSize, b: PageSize): PageSize =>
  order.indexOf(a) < order.indexOf(b) ? a : b;

type Fields = Readonly<Record<string, unknown>>;

/** Whether two records of a few fields have the same values. */
function sameFields(one: object, other: object): boolean {
  const [a, b] = [one as Fields, other as Fields];
  for (const name in a) if (a[name] !== b[name]) return false;
  for (const name in b) if (!(name in a)) return false;
  return true;
}

/** Whether two answers are the same. */
export const sameAnswer = (a: Answer, b: Answer): boolean =>
  sameFields(a.guest, b.guest) && sameFields(a.composed, b.composed);

/**
 * Puts the P2M of now behind the guest's outcome for one access.
 *
 * @param offset  of the byte in its page, 0 to 4095.
 */
export function compose(
  p2m: P2m,
  outcome: TableAnswer,
  fpd: boolean,
  access: Access,
  offset: number,
): Answer {
  if (outcome.kind === "interrupt") {
    return { guest: { interrupt: true }, composed: { interrupt: true } };
  }
  if (outcome.kind === "fault") {
    const { reason } = outcome;
    const answer = { fault: reason, suppressed: fpd && !unqualified.includes(reason) };
    return { guest: answer, composed: answer };
  }
  const guest = { gpa: outcome.gpa + BigInt(offset), size: outcome.size };
  const grant = grantOf(p2m, Number(outcome.gpa >> 12n));
  if (grant?.[access] !== true) return { guest, composed: { hole: true } };
  const hpa = (BigInt(grant.hfn) << 12n) + BigInt(offset);
  return { guest, composed: { hpa, size: smaller(outcome.size, grant.size) } };
}
