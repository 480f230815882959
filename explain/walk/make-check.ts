import { hex } from "../../events/address.ts";
import { bitMask } from "../../events/layout/layout-field.ts";
import type { Check, CheckName } from "./check.ts";
import type { reservedBits } from "./rules.ts";

export const check = (
  name: CheckName,
  holds: boolean | undefined,
  code: number,
  text: string,
): Check => ({
  name,
  holds,
  reason: code,
  text,
});

/** A device or a PASID that has no row in a list of all that have an entry. */
export const unlisted = (name: CheckName, code: number, what: string): Check => ({
  ...check(name, false, code, `no row of the listing is for the device: ${what} is not present`),
  isConditional: true,
});

export const missing = (name: CheckName, code: number, what: string): Check =>
  check(name, undefined, code, `${what} is not in the dump`);

/** Whether a word's present bit is set. */
export const present = (name: CheckName, code: number, what: string, word: bigint): Check => {
  const is = (word & 1n) === 1n;
  return check(
    name,
    is,
    code,
    `${what} ${hex(word)} is ${is ? "" : "not "}present (P=${is ? 1 : 0})`,
  );
};

/** Whether an entry has reserved bits set; what may be reserved does not end a walk. */
export function reservedIn(
  name: CheckName,
  code: number,
  what: string,
  bits: ReturnType<typeof reservedBits>,
  isWhole = true,
): Check {
  if (bits.surely !== 0n) {
    return check(name, false, code, `${what} has reserved bits set: ${hex(bits.surely)}`);
  }
  if (bits.maybe === 0n) {
    const where = isWhole ? "" : " in the words that are shown";
    const text = `${what} has no reserved bit set${where}`;
    return check(name, isWhole ? true : undefined, code, text);
  }
  const text = `${what} has bits set that may be reserved: ${hex(bits.maybe)}`;
  return check(name, undefined, code, text);
}

/** The bits of an entry whose words are shown. */
export const shownBits = (words: readonly (bigint | undefined)[]): bigint =>
  words.reduce<bigint>(
    (mask, word, at) => (word === undefined ? mask : mask | bitMask(64 * at + 63, 64 * at)),
    0n,
  );

export const entryOf = (words: readonly (bigint | undefined)[]): bigint =>
  words.reduce<bigint>((entry, word, at) => entry | ((word ?? 0n) << BigInt(64 * at)), 0n);

/** That a unit does not have it, or may not. */
export const without = (holds: boolean | undefined): string =>
  holds === true
    ? ""
    : holds === false
      ? ", which the unit does not have"
      : ", and CAP and ECAP are not told";
