import { checkInput } from "../events/event-check.ts";
import type { AnyField, FieldTable } from "../events/field.ts";
import {
  count,
  device,
  gpaField,
  oneOf,
  optional,
  pageField,
  record,
  text,
} from "../events/field.ts";
import { pasid } from "../events/input.ts";
import { MalformedError, nameOfValue } from "../events/malformed-error.ts";
import { reading, shapeFromValue } from "../events/shape-from-value.ts";
import type { Handle } from "../history/query/handle.ts";
import type { HandleOf, Query } from "../history/query/query.ts";
import type { Edit } from "../history/what-if/edit.ts";
import type { World } from "../projections/world.ts";
import { checkGuestIn, within } from "./argument.ts";

const guest = count;

const handles = {
  event: { kind: oneOf("event"), seq: count },
  device: { kind: oneOf("device"), guest, device },
  page: { kind: oneOf("page"), guest, device, pasid: optional(pasid), iova: pageField },
  entry: { kind: oneOf("entry"), guest, gpa: gpaField },
  finding: { kind: oneOf("finding"), law: text, seq: count },
} satisfies { [K in Handle["kind"]]: Readonly<Record<keyof HandleOf<K>, AnyField>> };

const place = { at: count, where: text };
const page = record(handles.page);
const entryThen = { entry: record(handles.entry), at: count };

/** What each question says beside its name; the edits of a what-if are looked at by themselves. */
const questions: { readonly [K in Query["ask"]]: FieldTable } = {
  event: { event: record(handles.event) },
  state: { at: count },
  difference: { from: count, to: count },
  forward: place,
  back: place,
  search: { where: text, most: count },
  lifeline: { page },
  why: { page, at: optional(count) },
  writer: entryThen,
  reader: entryThen,
  translate: { page, at: count },
  queue: { guest, at: count },
  whatIf: {},
  findings: {},
};

/** What each edit says beside its kind and its input. */
const edits: { readonly [K in Edit["kind"]]: FieldTable } = {
  remove: { at: count },
  insert: { before: count },
  change: { at: count },
  move: { at: count, before: count },
};
const withInput: ReadonlySet<unknown> = new Set<Edit["kind"]>(["insert", "change"]);

type Fields = Readonly<Record<string, unknown>>;

/** The own fields of an object, each read once. @throws MalformedError where it is none. */
function fieldsOf(subject: string, value: unknown): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new MalformedError(subject, "", `expected an object, found ${nameOfValue(value)}`);
}

/** The table of a name. @throws MalformedError where there is none. */
function tableOf(
  tables: Readonly<Record<string, FieldTable>>,
  name: unknown,
  [subject, field]: readonly [string, string],
): FieldTable {
  const table = typeof name === "string" && Object.hasOwn(tables, name) ? tables[name] : undefined;
  if (table !== undefined) return table;
  throw new MalformedError(subject, field, `there is no ${subject} ${nameOfValue(name)}`);
}

function checkEdit(value: unknown): Edit {
  const { kind, ...said } = fieldsOf("edit", value);
  const table = tableOf(edits, kind, ["edit", "kind"]);
  if (!withInput.has(kind)) return { kind, ...shapeFromValue("edit", table, said) } as Edit;
  const { input: asked, ...rest } = said;
  const places = shapeFromValue("edit", table, rest);
  const input = within("edit", "input", () => checkInput(asked));
  return { kind, ...places, input } as unknown as Edit;
}

/**
 * The edits of a list, as copies that nobody else can change.
 *
 * @param subject  what has them, for the error.
 * @throws MalformedError that names the edit and its field, like `edits[0].at`.
 */
export const checkEdits = (subject: string, value: readonly Edit[]): readonly Edit[] =>
  reading(subject, () => {
    if (Array.isArray(value)) {
      const asked: readonly unknown[] = Array.from<unknown>(value);
      return asked.map((edit, index) =>
        within(subject, `edits[${index.toString()}]`, () => checkEdit(edit)),
      );
    }
    throw new MalformedError(subject, "edits", `expected a list, found ${nameOfValue(value)}`);
  });

/** A question about one guest, one page or one entry. */
interface Placed {
  readonly guest?: number;
  readonly page?: HandleOf<"page">;
  readonly entry?: HandleOf<"entry">;
}

function checkPlace(world: World, { guest: index, page: at, entry }: Placed): void {
  if (index !== undefined) checkGuestIn(world, index, ["query", "guest"]);
  if (at !== undefined) checkGuestIn(world, at.guest, ["query", "page.guest"]);
  if (entry !== undefined) checkGuestIn(world, entry.guest, ["query", "entry.guest"]);
}

/**
 * The question that a value is, as a copy that nobody else can change.
 *
 * @param world  any of the past that it is about: the guests are the same in all of them.
 * @throws MalformedError that names the field.
 */
export const checkQuery = <Q extends Query>(world: World, value: Q): Q =>
  reading("query", () => {
    const { ask, ...said } = fieldsOf("query", value);
    const table = tableOf(questions, ask, ["query", "ask"]);
    if (ask === "whatIf") {
      const { edits: asked, ...rest } = said;
      shapeFromValue("query", table, rest);
      return { ask, edits: checkEdits("query", asked as readonly Edit[]) } as unknown as Q;
    }
    const query = shapeFromValue("query", table, said);
    checkPlace(world, query as Placed);
    return { ask, ...query } as unknown as Q;
  });

/** The handle that a value is. @throws MalformedError that names the field. */
export const checkHandle = (value: Handle): Handle =>
  reading("handle", () => {
    const { kind } = fieldsOf("handle", value);
    const table = tableOf(handles, kind, ["handle", "kind"]);
    return shapeFromValue("handle", table, value) as unknown as Handle;
  });
