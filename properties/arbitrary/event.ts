import fc from "fast-check";
import { gpa, hpa, sourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { facts } from "../../events/fact.ts";
import type { AnyField, FieldTable } from "../../events/field.ts";
import type { Input } from "../../events/input.ts";
import { inputs, pagesIn } from "../../events/input.ts";
import { impossible } from "../../events/input-check.ts";
import type { LogEvent } from "../../events/log/log.ts";
import type { Setup } from "../../events/setup.ts";

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

const simple: Model = {
  "64-bit word": bits(64),
  IOVA: bits(64),
  GPA: bits(64),
  HPA: bits(64),
  "length in bytes": bits(65),
  "word of up to 256 bits": bits(256),
  "true or false": fc.boolean(),
  "source-id like 00:04.0": fc.nat(0xffff).map(sourceId),
  "bytes in hexadecimal": fc.uint8Array({ maxLength: 64 }),
  text: anyText,
  "save record": fc.string({ maxLength: 40 }),
};

type Model = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** Objects as the codec makes them: the keys in `optional` may be missing. */
function plain(model: Model, optional: readonly string[] = []): fc.Arbitrary<unknown> {
  const requiredKeys = Object.keys(model).filter((name) => !optional.includes(name));
  return fc.record<Record<string, unknown>, string>(model, { requiredKeys, noNullPrototype: true });
}

/**
 * The fields that are objects, by event and field: the form of a field does not tell what is
 * inside.
 */
const objects: Model = {
  "Dma.observed": fc.oneof(
    fc.constant({}),
    plain({ gpa: bits(64) }),
    plain({ reason: fc.nat(255) }),
  ),
  "MsiRequest.observed": fc.oneof(
    plain({ address: bits(64), data: fc.nat(0xffff_ffff) }),
    plain({ reason: fc.nat(255) }),
  ),
};

/**
 * A value of one field, which the form describes; without a second argument for fields that are
 * objects.
 */
function arbitraryOf(of: AnyField, path: string): fc.Arbitrary<unknown> {
  return ofForm(of.form.replace(/, optional$/, ""), path);
}

function ofForm(form: string, path: string): fc.Arbitrary<unknown> {
  const list = /^list of (.+)$/.exec(form)?.[1];
  if (list !== undefined) return fc.array(ofForm(list, path), { maxLength: 5 });
  const range = /^integer (\d+) to (\d+)$/.exec(form);
  if (range) return fc.integer({ min: Number(range[1]), max: Number(range[2]) });
  if (form.includes(" | ")) return fc.constantFrom(...form.split(" | "));
  const found =
    simple[form] ?? objects[path] ?? (form.includes(" ") ? undefined : fc.constant(form));
  if (found === undefined) throw new Error(`no arbitrary for ${path}: ${form}`);
  return found;
}

function bodyOf(type: string, table: FieldTable): fc.Arbitrary<unknown> {
  const entries = Object.entries(table);
  const model = Object.fromEntries(
    entries.map(([name, of]) => [name, arbitraryOf(of, `${type}.${name}`)]),
  );
  const optional = entries.filter(([, of]) => of.optional).map(([name]) => name);
  return plain({ type: fc.constant(type), ...model }, optional);
}

const anyOf = (tables: Readonly<Record<string, FieldTable>>): fc.Arbitrary<unknown> =>
  fc.oneof(...Object.entries(tables).map(([type, table]) => bodyOf(type, table)));

/** Any input, every field anywhere in its range. Derived from the table of inputs. */
export const anyInput = anyOf(inputs) as fc.Arbitrary<Input>;

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

const anyRange = fc
  .record({
    gpa: bits(64).map(gpa),
    hpa: bits(64).map(hpa),
    pageSize: fc.constantFrom("4K" as const, "2M" as const, "1G" as const),
    pages: fc.bigInt(1n, 64n),
    read: fc.boolean(),
    write: fc.boolean(),
  })
  .map(({ pages, ...rest }) => {
    return { ...rest, length: pages * BigInt(pagesIn[rest.pageSize]) * 4096n };
  });

const anyDevice = plain(
  {
    device: fc.nat(0xffff).map(sourceId),
    physical: fc.boolean(),
    alias: fc.nat(0xffff).map(sourceId),
  },
  ["alias"],
);

const anyRegion = plain({
  base: bits(64).map(gpa),
  end: bits(64).map(gpa),
  devices: fc.array(fc.nat(0xffff).map(sourceId), { maxLength: 2 }),
});

const anyGuest = plain(
  {
    profile: fc.string({ maxLength: 20 }),
    ver: bits(64),
    cap: bits(64),
    ecap: bits(64),
    haw: fc.integer({ min: 32, max: 52 }),
    p2m: fc.array(anyRange, { maxLength: 4 }),
    devices: fc.array(anyDevice, { maxLength: 3 }),
    rmrr: fc.array(anyRegion, { maxLength: 2 }),
  },
  ["profile", "haw", "rmrr"],
);

/** Any setup that the header can carry; most make no sense to the model. */
export const anySetup = plain({
  guests: fc.array(anyGuest, { minLength: 1, maxLength: 2 }),
}) as fc.Arbitrary<Setup>;
