import { hex } from "../../events/address.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { descriptorReserved } from "../../events/queue/descriptor-scope.ts";
import { descriptorText, specOf } from "../../qemu/trace/reach.ts";
import type { ShownField } from "./field-text.ts";
import { fieldsOf } from "./field-text.ts";

/** A descriptor of the invalidation queue, taken apart. */
export interface ShownDescriptor {
  readonly text: string;
  readonly value: string;
  readonly fields: readonly ShownField[];
  /** What is wrong with it, as far as that can be seen. */
  readonly flaw?: string;
}

/** What is wrong with a descriptor whatever the unit can do. */
function flawOf(type: number | undefined, low: bigint, upper: bigint): string | undefined {
  if (type === undefined) return "there is no such type";
  if (type === 0) return "type 0 is none";
  const mask = descriptorReserved(type, profiles["everything-scalable"], 256);
  const set = (low | (upper << 128n)) & mask;
  return set === 0n ? undefined : `reserved bits are set: ${hex(set)}`;
}

/** Takes a descriptor apart; `words` are of 64 bits, the lowest first, one at least. */
export function shownDescriptor(words: readonly bigint[]): ShownDescriptor {
  const [w0 = 0n, w1 = 0n, w2 = 0n, w3 = 0n] = words;
  const low = (w1 << 64n) | w0;
  const spec = specOf(low);
  const half = words.length === 1 ? "; its upper half is not shown" : "";
  const flaw = words.length === 1 ? undefined : flawOf(spec?.type, low, (w3 << 64n) | w2);
  return {
    text: w0 === 0n && w1 === 0n ? "all zero: no descriptor" : `${descriptorText(low)}${half}`,
    value: words.map(hex).join(" "),
    fields: spec === undefined ? [] : fieldsOf(spec.layout, low),
    ...(flaw === undefined ? {} : { flaw }),
  };
}
