import type { Fact, FactOf, FactType } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import type { Setup } from "../../events/setup.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { Guest } from "../../projections/guest.ts";
import { readBytes } from "../../projections/registers/registers.ts";
import type { World } from "../../projections/world.ts";
import { pageAt, wordIn } from "../../tables/memory.ts";

/** One or several inputs; groups may be nested. */
export type Inputs = Input | readonly Inputs[];

/** Groups laid open, in order. */
export const flat = (inputs: Inputs): readonly Input[] =>
  "type" in inputs ? [inputs] : inputs.flatMap(flat);

/** What came of some inputs. */
export interface Scene {
  readonly world: World;
  /** The facts of the last `when`, in order. */
  readonly facts: readonly Fact[];
  /** Their types, in order. */
  readonly types: readonly FactType[];
  /** Those of one type. */
  readonly of: <T extends FactType>(type: T) => readonly FactOf<T>[];
  /** Why inputs were refused. */
  readonly refusals: readonly string[];
  /** What the guest reads from `size` bytes (4 when missing) of its register page. */
  readonly register: (offset: number, size?: number) => bigint;
  /** The 64-bit word at an 8-byte aligned GPA, as the IOMMU sees it. */
  readonly word: (gpa: bigint) => bigint;
  /** The state of a guest, the first when missing. */
  readonly guest: (index?: number) => Guest;
  /** Goes on with further inputs. */
  readonly when: (...inputs: readonly Inputs[]) => Scene;
}

function sceneOf(world: World, facts: readonly Fact[]): Scene {
  const guest = (index = 0): Guest => {
    const found = world.guests[index];
    if (found === undefined) throw new Error(`there is no guest ${index.toString()}`);
    return found;
  };
  const of = <T extends FactType>(type: T): readonly FactOf<T>[] =>
    facts.filter((fact) => fact.type === type) as unknown as readonly FactOf<T>[];
  return {
    world,
    facts,
    of,
    types: facts.map((fact) => fact.type),
    refusals: of("InputRefused").map(({ why }) => why),
    register: (offset, size = 4) => readBytes(guest(), offset, size),
    word: (gpa) => wordIn(pageAt(guest().memory, Number(gpa >> 12n)), Number(gpa & 0xfffn)),
    guest,
    when: (...inputs) => follow(world, inputs),
  };
}

function follow(world: World, inputs: Inputs): Scene {
  const facts: Fact[] = [];
  let now = world;
  for (const input of flat(inputs)) {
    const folded = fold(now, input);
    for (const fact of folded.facts) facts.push(fact);
    now = folded.world;
  }
  return sceneOf(now, facts);
}

/** A world, and what happened before the example begins: `given(…).when(…)`, then its facts. */
export const given = (setup: Setup, ...before: readonly Inputs[]): Scene =>
  follow(createWorld(setup), before);
