import { FaultRecord } from "../../events/fault/fault-record.ts";
import type { AnyLayout } from "../../events/layout/layout.ts";
import { bitMask } from "../../events/layout/layout-field.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { registerMap } from "../../events/registers/register.ts";
import type { ShownField } from "./field-text.ts";
import { fieldsOf } from "./field-text.ts";

/** Every register that is declared, by the name that kernels print. */
const layouts: ReadonlyMap<string, AnyLayout> = new Map(
  registerMap(profiles["everything-scalable"]).specs.map(({ name, layout }) => [name, layout]),
);

/** The fields of a register; `undefined` for one that is not declared. */
export function registerFields(name: string, value: bigint): readonly ShownField[] | undefined {
  if (name === "FRCD low") return fieldsOf(FaultRecord, value, bitMask(63, 0));
  if (name === "FRCD high") return fieldsOf(FaultRecord, value << 64n, bitMask(127, 64));
  const layout = layouts.get(name);
  if (layout === undefined) return undefined;
  return fieldsOf(layout, BigInt.asUintN(layout.width, value));
}
