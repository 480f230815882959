import type { AnyLayout } from "../layout/layout.ts";
import type { StructureType } from "./dmar.ts";
import { Andd, Atsr, Drhd, Rhsa, Rmrr, Satc, Sidp } from "./dmar-layout.ts";

/** What follows the fields of a structure. */
export type Tail = "scopes" | "name" | "rest";

/** One known kind of remapping structure. */
export interface Kind {
  readonly code: number;
  readonly name: StructureType;
  readonly layout: AnyLayout;
  readonly tail: Tail;
}

const kinds: readonly Kind[] = [
  { code: 0, name: "DRHD", layout: Drhd, tail: "scopes" },
  { code: 1, name: "RMRR", layout: Rmrr, tail: "scopes" },
  { code: 2, name: "ATSR", layout: Atsr, tail: "scopes" },
  { code: 3, name: "RHSA", layout: Rhsa, tail: "rest" },
  { code: 4, name: "ANDD", layout: Andd, tail: "name" },
  { code: 5, name: "SATC", layout: Satc, tail: "scopes" },
  { code: 6, name: "SIDP", layout: Sidp, tail: "scopes" },
];

export const kindOfCode: ReadonlyMap<number, Kind> = new Map(
  kinds.map((kind) => [kind.code, kind]),
);
export const kindOfType: ReadonlyMap<StructureType, Kind> = new Map(
  kinds.map((kind) => [kind.name, kind]),
);
