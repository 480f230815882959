import type { StructureOf, StructureType } from "./dmar.ts";
import type { DmarReading, StructurePlace } from "./read-dmar.ts";

/** A structure of one kind, and where it lies. */
export type Found<T extends StructureType> = readonly [StructureOf<T>, StructurePlace];

/** The structures of one kind, in the order of the table. */
export function found<T extends StructureType>(
  { table, places }: DmarReading,
  type: T,
): readonly Found<T>[] {
  return table.structures.flatMap((structure, index) => {
    const place = places[index];
    const is = structure.type === type && place !== undefined;
    return is ? [[structure as unknown as StructureOf<T>, place] as const] : [];
  });
}
