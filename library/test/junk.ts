import fc from "fast-check";
import { iova, sourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { facts } from "../../events/fact.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { MalformedError } from "../../events/malformed-error.ts";
import { profiles } from "../../events/profile/profiles.ts";
import type { Setup } from "../../events/setup.ts";
import type { World } from "../../projections/world.ts";
import { createWorld, evolve, fold } from "../check.ts";

const { ver, cap, ecap } = profiles["hardware-2016-caching"];
export const device = sourceId(0x20);
/** One guest with one device, and no memory. */
export const setup: Setup = {
  guests: [{ ver, cap, ecap, p2m: [], devices: [{ device, physical: true }] }],
};
export const start = createWorld(setup);
export const dma: InputOf<"Dma"> = { type: "Dma", device, iova: iova(0x1008n), access: "write" };

/** What somebody passes whose program is not type-checked. */
export const anyJunk = fc.oneof(
  fc.anything({
    ...{ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true },
    ...{ withNullPrototype: true, withObjectString: true, withSparseArray: true, maxDepth: 2 },
  }),
  fc.constantFrom<unknown>(1n << 70n, -1n, -0, Number.NaN, 2 ** 53, JSON.parse('{"__proto__":1}')),
);

function refuse(): never {
  throw new Error("nobody may ask");
}

/** What somebody passes who means harm. */
export const hostile: readonly unknown[] = [
  Symbol("dma"),
  () => dma,
  new Proxy({}, { get: () => dma, ownKeys: () => ["type"] }),
  new Proxy(new Uint8Array(8), {}),
  Object.defineProperty({ ...dma }, "iova", { get: refuse, enumerable: true }),
  Object.defineProperty({}, "type", { get: refuse }),
  Proxy.revocable({}, {}).proxy,
  new Array(2 ** 32 - 1),
  "x".repeat(2 ** 20),
];

/** Any event with one field replaced by junk, one that is not known, or one missing. */
export const nearly = (events: fc.Arbitrary<object>): fc.Arbitrary<readonly [string, object]> =>
  fc
    .tuple(events, fc.nat(), anyJunk, fc.constantFrom("replaced", "missing", "unknown"))
    .map(([event, which, junk, how]) => {
      const names = Object.keys(event);
      const name = how === "unknown" ? "colour" : (names[which % names.length] ?? "type");
      const { [name]: _, ...rest } = event as Readonly<Record<string, unknown>>;
      return [name, how === "missing" ? rest : { ...rest, [name]: junk }];
    });

/** The error that a call throws; whatever else it throws fails the test. */
export function errorOf(call: () => unknown): MalformedError | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof MalformedError) return error;
    throw error;
  }
  return undefined;
}

/** The world once the first guest took events in any order: what is refused changes nothing. */
export function afterStrange(start: World, events: readonly (Input | Fact)[]): World {
  let world = start;
  for (const event of events) {
    const own = { ...event, guest: 0 };
    errorOf(() => {
      world = Object.hasOwn(facts, own.type) ? evolve(world, own) : fold(world, own as Input).world;
    });
  }
  return world;
}
