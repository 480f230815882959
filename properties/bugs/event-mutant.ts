import type { FactType } from "../../events/fact.ts";
import { facts } from "../../events/fact.ts";
import type { FieldTable } from "../../events/field.ts";
import type { AnyLayout } from "../../events/layout/layout.ts";
import { fieldMask } from "../../events/layout/layout-field.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { Cap, Ecap, Ver } from "../../events/registers/capability.ts";
import type { RegisterSpec } from "../../events/registers/register.ts";
import { registerMap } from "../../events/registers/register.ts";

/**
 * What is wrong with a fact: it is missing, is not told, has no effect, comes twice, before the one
 * that it follows, after the one that it precedes, or to another guest.
 */
export const factFaults = [
  ...(["missing", "untold", "ineffective", "twice", "early", "late", "elsewhere"] as const),
] as const;
export type FactFault = (typeof factFaults)[number];

/** What is wrong with a register's field: it is read, written or meant otherwise than it is. */
export type RegisterFault = "read" | "written" | "meant";

/** One kind of fact that is not as it must be, or has one field that is not. */
export interface FactMutant {
  readonly of: "fact";
  readonly fact: FactType;
  readonly how: FactFault | "wrong";
  /** The field that is wrong. */
  readonly field?: string;
}

/** One field of a register that is not as it must be. */
export interface RegisterMutant {
  readonly of: "register";
  /** The name of its layout. */
  readonly register: string;
  readonly field: string;
  readonly how: RegisterFault;
}

/** A mutant of one fact or of one field, which the laws are to notice. */
export type EventMutant = FactMutant | RegisterMutant;

/** What a row of the page is about. */
export const subjectOf = (mutant: EventMutant): string =>
  mutant.of === "register"
    ? `${mutant.register}.${mutant.field}`
    : [mutant.fact, ...(mutant.field === undefined ? [] : [mutant.field])].join(".");

const fieldsOf = (fact: FactType): readonly string[] =>
  Object.keys(facts[fact] satisfies FieldTable).filter((name) => name !== "guest");

/** Each kind of fact with each fault, and each of its fields with a wrong value. */
export const factMutants: readonly FactMutant[] = (Object.keys(facts) as FactType[]).flatMap(
  (fact) => [
    ...factFaults.map((how): FactMutant => ({ of: "fact", fact, how })),
    ...fieldsOf(fact).map((field): FactMutant => ({ of: "fact", fact, how: "wrong", field })),
  ],
);

/** Every register that some unit has, once for those that have the same layout. */
export function everyRegister(): readonly RegisterSpec[] {
  const { ver, cap, ecap } = profiles.everything;
  const all = Ecap.mask("prs") | Ecap.mask("smts") | Ecap.mask("smpwcs");
  const buffered = cap | Cap.mask("rwbf");
  const { specs } = registerMap(profileOf({ ver, cap: buffered, ecap: ecap | all }));
  const names = specs.map(({ layout }) => layout.name);
  return specs.filter(({ layout }, at) => names.indexOf(layout.name) === at);
}

const capabilities: readonly AnyLayout[] = [Ver, Cap, Ecap];

function faultsOf({ layout, writable, w1c, w1s }: RegisterSpec, name: string): RegisterFault[] {
  const field = layout.fields[name];
  const mask = field === undefined ? 0n : fieldMask(field);
  const isWritten = ((writable | w1c | w1s) & mask) !== 0n;
  return [
    "read",
    ...(isWritten ? ["written"] : []),
    ...(capabilities.includes(layout) ? ["meant"] : []),
  ] as RegisterFault[];
}

/** Each field of each register, read, written or meant otherwise. */
export const registerMutants: readonly RegisterMutant[] = everyRegister().flatMap((spec) =>
  Object.keys(spec.layout.fields).flatMap((field) =>
    faultsOf(spec, field).map(
      (how): RegisterMutant => ({ of: "register", register: spec.layout.name, field, how }),
    ),
  ),
);

/** All of them. */
export const eventMutants: readonly EventMutant[] = [...factMutants, ...registerMutants];
