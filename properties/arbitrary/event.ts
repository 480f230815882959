import fc from "fast-check";
import { sourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { facts } from "../../events/fact.ts";
import type { AnyField, FieldTable } from "../../events/field.ts";
import type { Input } from "../../events/input.ts";
import { inputs } from "../../events/input.ts";
import { impossible } from "../../events/input-check.ts";
import type { LogEvent } from "../../events/log/log.ts";
import type { Setup } from "../../events/setup.ts";
import { guestSetup } from "../../events/setup.ts";

/** A word of some bits: any, a small one, or one with a single bit set. */
function bits(width: number): fc.Arbitrary<bigint> {
  const top = (1n << BigInt(width)) - 1n;
  const single = fc.nat(width - 1).map((bit) => 1n << BigInt(bit));
  return fc.oneof(fc.bigInt(0n, top), fc.bigInt(0n, 0xffffn), single, fc.constant(top));
}

/** Any text; what a string of every unit would prepare for shrinking takes a second. */
const anyText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0x20, max: 0x7e }),
      fc.nat(0x10_ffff).filter((code) => code < 0xd800 || code > 0xdfff),
    ),
    { maxLength: 40 },
  )
  .map((codes) => String.fromCodePoint(...codes));

type Model = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** Objects as the codec makes them: the keys in `optional` may be missing. */
function plain(model: Model, optional: readonly string[] = []): fc.Arbitrary<unknown> {
  const requiredKeys = Object.keys(model).filter((name) => !optional.includes(name));
  return fc.record<Record<string, unknown>, string>(model, { requiredKeys, noNullPrototype: true });
}

/** Any value of a field. @throws Error for one that says not which there are. */
function anyValue({ kind, form }: AnyField): fc.Arbitrary<unknown> {
  if (kind === undefined) throw new Error(`no arbitrary for ${form}`);
  switch (kind.is) {
    case "word":
      return bits(kind.bits - kind.zeros).map((value) => value << BigInt(kind.zeros));
    case "integer":
      return fc.integer({ min: kind.low, max: kind.high });
    case "flag":
      return fc.boolean();
    case "text":
      return anyText;
    case "device":
      return fc.nat(0xffff).map(sourceId);
    case "bytes":
      return fc.uint8Array({ maxLength: 64 });
    case "choice":
      return fc.constantFrom(...kind.choices);
    case "list":
      return fc.array(anyValue(kind.of), { maxLength: 5 });
    case "object":
      return bodyOf(kind.shape);
  }
}

/** An object with the fields of a table, and perhaps others besides. */
function bodyOf(table: FieldTable, others: Model = {}): fc.Arbitrary<unknown> {
  const entries = Object.entries(table);
  const model = Object.fromEntries(entries.map(([name, of]) => [name, anyValue(of)]));
  const optional = entries.filter(([, of]) => of.optional).map(([name]) => name);
  return plain({ ...others, ...model }, optional);
}

const anyOf = (tables: Readonly<Record<string, FieldTable>>): fc.Arbitrary<unknown> =>
  fc.oneof(
    ...Object.entries(tables).map(([type, table]) => bodyOf(table, { type: fc.constant(type) })),
  );

/** An input beside which one outcome stands at most: no two, and no half of one. */
function withOneOutcome(input: Input): Input {
  if (input.type === "Dma" && input.observed?.gpa !== undefined) {
    return { ...input, observed: { gpa: input.observed.gpa } };
  }
  if (input.type !== "MsiRequest" || input.observed === undefined) return input;
  const { observed, ...request } = input;
  const { address, data, reason } = observed;
  if (reason !== undefined) return { ...request, observed: { reason } };
  const isMessage = address !== undefined && data !== undefined;
  return isMessage ? { ...request, observed: { address, data } } : request;
}

/**
 * Any input, every field anywhere in its range. Derived from the table of inputs. As a whole some
 * cannot be, and a log may not say them: a register access beyond the page or with a value too
 * wide, a write of no bytes or beyond 64-bit addresses. `impossible` tells which.
 */
export const anyInput = (anyOf(inputs) as fc.Arbitrary<Input>).map(withOneOutcome);

/** Any input that a log may hold. */
const anyLogged = anyInput
  .map((input): Input => {
    if (input.type === "RegisterRead") return { ...input, offset: input.offset & 0xff8 };
    if (input.type !== "RegisterWrite") return input;
    const value = BigInt.asUintN(input.size * 8, input.value);
    return { ...input, offset: input.offset & 0xff8, value };
  })
  .filter((input) => impossible(input) === undefined);

/** Any fact, every field anywhere in its range. Derived from the table of facts. */
export const anyFact = anyOf(facts) as fc.Arbitrary<Fact>;

/**
 * A log's events: increasing numbers with gaps here and there, facts behind inputs that come before
 * them.
 */
export const anyEvents: fc.Arbitrary<readonly LogEvent[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(), fc.option(anyFact), anyLogged), {
    maxLength: 30,
  })
  .map((draws) => {
    let seq = 0;
    return draws.map(([gap, back, fact, input]): LogEvent => {
      const before = seq;
      seq += gap;
      if (fact === null || before === 0) return { seq, input };
      return { seq, cause: 1 + (back % before), fact };
    });
  });

/** Any setup that the header can carry; most make no sense to the model. Derived from its table. */
export const anySetup = plain({
  guests: fc.array(bodyOf(guestSetup), { minLength: 1, maxLength: 2 }),
}) as fc.Arbitrary<Setup>;
