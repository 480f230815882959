import type { Fact } from "../events/fact.ts";
import type { World } from "../projections/world.ts";
import type { Deviation, Passing, Situation } from "./deviation.ts";
import type { Raw } from "./difference.ts";

/** How a step ends: with a difference that nothing explains, or with a world to go on with. */
export interface Passed {
  readonly unexplained?: Raw;
  readonly world: World;
  readonly isOver: boolean;
  /** What happened in the target as far as is known. */
  readonly facts: readonly Fact[];
  /** Deviations that were needed, in order. */
  readonly used: readonly string[];
}

/** Whether another state of the guest has what the target shows in the register that differs. */
function isSettledBy(
  { register }: Raw,
  passing: Passing,
  world: World,
  look: (world: World, facts: readonly Fact[]) => readonly Raw[],
): boolean {
  if (typeof passing === "string" || register === undefined) return true;
  const left = look({ ...world, guests: [passing.guest] }, passing.facts);
  return !left.some((each) => each.register?.name === register.name);
}

/**
 * What known deviations make of the differences of one step. One that takes another state of the
 * guest explains whatever is no difference any more.
 */
export function pass(
  deviations: readonly Deviation[],
  raw: readonly Raw[],
  about: Omit<Situation, keyof Raw>,
  look: (world: World, facts: readonly Fact[]) => readonly Raw[],
): Passed {
  let left = raw;
  let { facts, after } = about;
  let world: World = { ...about.world, guests: [about.after] };
  const used: string[] = [];
  const settled = new Set<string>();
  while (left.length > 0) {
    const [first] = left;
    if (first === undefined) break;
    let passing: Passing | undefined;
    const known = deviations.find((one) => {
      passing = one.explains({ ...about, after, facts, ...first });
      return passing !== undefined && isSettledBy(first, passing, world, look);
    });
    if (known === undefined || passing === undefined || settled.has(first.target)) {
      return { unexplained: first, world, isOver: false, used, facts };
    }
    used.push(known.id);
    settled.add(first.what === "register" ? first.target : first.what);
    if (passing === "end") return { world, isOver: true, used, facts };
    if (passing !== "goOn") {
      world = { ...world, guests: [passing.guest] };
      ({ facts, guest: after } = passing);
      left = look(world, facts);
    }
    left = left.filter(({ what, target }) => !settled.has(what) && !settled.has(target));
  }
  return { world, isOver: false, used, facts };
}
