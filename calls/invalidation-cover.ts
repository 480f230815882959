import type { Call } from "./call.ts";

/** A call that makes hardware forget. */
export type Invalidation = Extract<Call, { call: "invalidateTable" | "invalidateDevice" }>;

/** Whether an invalidation covers another one of the same object. */
export function covers(wide: Invalidation, narrow: Invalidation): boolean {
  if (wide.call === "invalidateTable" && narrow.call === "invalidateTable") {
    if (wide.leafOnly && !narrow.leafOnly) return false;
  }
  if (wide.input === undefined || wide.length === undefined) return true;
  if (narrow.input === undefined || narrow.length === undefined) return false;
  return wide.input <= narrow.input && wide.input + wide.length >= narrow.input + narrow.length;
}

/** What one invalidation leaves of another one: nothing, or up to two ranges. */
export function leftBy(wide: Invalidation, narrow: Invalidation): readonly Invalidation[] {
  if (covers(wide, narrow)) return [];
  const { input, length } = wide;
  const isLess = "leafOnly" in wide && "leafOnly" in narrow && wide.leafOnly && !narrow.leafOnly;
  if (input === undefined || length === undefined || isLess) return [narrow];
  if (narrow.input === undefined || narrow.length === undefined) return [narrow];
  const [end, last] = [input + length, narrow.input + narrow.length];
  if (end <= narrow.input || last <= input) return [narrow];
  const before = { ...narrow, length: input - narrow.input };
  const after = { ...narrow, input: end, length: last - end };
  return [before, after].filter(({ length: bytes }) => bytes > 0n);
}

/** Whether a call makes hardware forget. */
export const isInvalidation = (call: Call): call is Invalidation =>
  call.call === "invalidateTable" || call.call === "invalidateDevice";
