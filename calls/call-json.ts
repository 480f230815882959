import { responses } from "../events/fact.ts";
import type { Field, FieldTable } from "../events/field.ts";
import {
  count,
  device,
  FieldError,
  flag,
  hpaField,
  integer,
  length,
  oneOf,
  optional,
  pageField,
  record,
  shapeFromJson,
  shapeToJson,
  word,
} from "../events/field.ts";
import { pasid } from "../events/input.ts";
import type { Call, TableData } from "./call.ts";

const requester = record({ source: device, pasid: optional(pasid) });
const target = record({
  to: oneOf("space", "table", "blocked"),
  space: optional(count),
  table: optional(count),
});
const data = record({
  root: word,
  levels: integer(4, 5) as Field<4 | 5>,
  sre: flag,
  ere: flag,
  wpe: flag,
  nxe: flag,
  smep: flag,
  eafe: flag,
} satisfies { readonly [K in keyof TableData]: Field<TableData[K]> });
const range = { input: pageField, length };
const some = { input: optional(pageField), length: optional(length) };

/** The fields of each call, beside its name. */
export const callFields: { readonly [K in Call["call"]]: FieldTable } = {
  createSpace: { space: count, kind: oneOf("p2m", "shadow") },
  destroySpace: { space: count },
  map: { space: count, ...range, host: hpaField, read: flag, write: flag },
  unmap: { space: count, ...range },
  createTable: { table: count, over: count, data },
  destroyTable: { table: count },
  attach: { requester, target },
  detach: { requester },
  invalidateTable: { table: count, ...some, leafOnly: flag },
  invalidateDevice: { requester, ...some },
  answerPages: { requester, group: integer(0, 511), response: oneOf(...responses) },
  trackDirty: { space: count, enabled: flag },
};

const namesOf = Object.keys(callFields) as readonly Call["call"][];

/** The JSON form of a call: its name as `call`, then its fields. */
export const callToJson = ({ call, ...body }: Call): object => ({
  call,
  ...shapeToJson(callFields[call], body),
});

function checkTarget(call: Call): Call {
  if (call.call !== "attach") return call;
  const given = call.target as { readonly to: string; readonly [name: string]: unknown };
  const wanted = given.to === "blocked" ? [] : [given.to];
  const named = ["space", "table"].filter((name) => given[name] !== undefined);
  if (wanted.join() === named.join()) return call;
  throw new FieldError(`target: to ${given.to} needs ${wanted[0] ?? "nothing"} beside it`);
}

function checkLength(call: Call): Call {
  const { length: bytes } = call as { readonly length?: bigint };
  if (bytes === undefined || (bytes > 0n && bytes % 4096n === 0n)) return call;
  throw new FieldError("length: expected a multiple of 4 KiB and not 0");
}

/**
 * The call of a JSON form.
 *
 * @throws FieldError when it is none: in one line, which field and why.
 */
export function callFromJson(raw: unknown): Call {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    throw new FieldError("expected an object");
  }
  const { call: name, ...body } = raw as Readonly<Record<string, unknown>>;
  const call = namesOf.find((known) => known === name);
  if (call === undefined) {
    throw new FieldError(`call: expected one of ${namesOf.join(", ")}`);
  }
  const fields = shapeFromJson(callFields[call], body);
  return checkLength(checkTarget({ call, ...fields } as unknown as Call));
}
