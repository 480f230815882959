import { facts } from "../../events/fact.ts";
import type { AnyField, FieldTable, Kind } from "../../events/field.ts";
import { inputs } from "../../events/input.ts";

/** The types of the language that names have. */
export type NameType = "int" | "string" | "bool" | "bytes" | "list" | "map" | "dyn";

/** A name that expressions may use. */
export interface ExpressionName {
  readonly name: string;
  readonly type: NameType;
  /** What values it has, as the log's documentation says. */
  readonly form: string;
  /** The events that have it; all of them when empty. */
  readonly events: readonly string[];
}

const typeOfKind: Readonly<Record<Kind["is"], NameType>> = {
  word: "int",
  integer: "int",
  flag: "bool",
  device: "string",
  text: "string",
  choice: "string",
  bytes: "bytes",
  list: "list",
  object: "map",
};

const typeOf = ({ kind }: AnyField): NameType => (kind === undefined ? "dyn" : typeOfKind[kind.is]);

/** What every event has, whatever its fields. */
const general: readonly ExpressionName[] = [
  { name: "seq", type: "int", form: "the event's number", events: [] },
  {
    name: "cause",
    type: "int",
    form: "the number of the input behind it; an input is its own",
    events: [],
  },
  { name: "event", type: "string", form: "the name of an input or a fact", events: [] },
  { name: "input", type: "string", form: "the name of an input; `null` for a fact", events: [] },
  { name: "fact", type: "string", form: "the name of a fact; `null` for an input", events: [] },
  {
    name: "register",
    type: "string",
    form: "the register that `offset` lies in, like `GCMD_REG`",
    events: [],
  },
  {
    name: "laws",
    type: "list",
    form: "ids of the laws that did not hold at the event",
    events: [],
  },
];

/** The language has a type of its own that is called `bytes`. */
const renamed: ReadonlyMap<string, string> = new Map([["bytes", "content"]]);

/** What expressions call a field of the log. */
export const nameOfField = (field: string): string => renamed.get(field) ?? field;

/** Fields that are told for every event: an event without `guest` is about the first one. */
const everywhere = new Set(["guest"]);

function collect(): readonly ExpressionName[] {
  const found = new Map<string, ExpressionName>();
  const tables: Readonly<Record<string, FieldTable>> = { ...inputs, ...facts };
  for (const [event, table] of Object.entries(tables)) {
    for (const [field, of] of Object.entries(table)) {
      const name = nameOfField(field);
      const known = found.get(name);
      const form = of.form.replace(/, optional$/, "");
      const type = typeOf(of);
      const forms = known === undefined || known.form.split("; or ").includes(form);
      found.set(name, {
        name,
        type: known === undefined || known.type === type ? type : "dyn",
        form: forms ? (known?.form ?? form) : `${known.form}; or ${form}`,
        events: everywhere.has(field) ? [] : [...(known?.events ?? []), event],
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every name of the language: the general ones, then the fields that the log has, by name. */
export const expressionNames: readonly ExpressionName[] = [...general, ...collect()];

/** A function that expressions may call. */
export interface ExpressionFunction {
  readonly signature: string;
  readonly doc: string;
}

/** The functions of the language besides those that it has everywhere. */
export const expressionFunctions: readonly ExpressionFunction[] = [
  {
    signature: "writes(gpa)",
    doc: "the event gives the byte of guest memory at `gpa` another value, or may",
  },
  {
    signature: "writes(gpa, length)",
    doc: "the same of any of `length` bytes from `gpa` on",
  },
  {
    signature: "changes(device, iova)",
    doc:
      "at this input the translation of the page of `iova` for the first guest's `device` " +
      "changed: what it is, or whether a change is pending",
  },
  {
    signature: "changes(device, iova, pasid)",
    doc: "the same of its requests with a PASID",
  },
];
