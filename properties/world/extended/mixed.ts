import fc from "fast-check";
import type { Input } from "../../../events/input.ts";
import { anyWords } from "../capability.ts";
import type { Program } from "../program.ts";
import { programsOf } from "../program.ts";
import { twoGuests } from "../setup.ts";
import { anyExtendedProgram } from "./program.ts";

const inputsOf = ({ inputs }: Program, guest: number): Input[] =>
  inputs.filter((input) => ("guest" in input ? (input.guest ?? 0) : 0) === guest);

/** The first guest of one program beside the second one of another, their inputs in turns. */
function beside(first: Program, second: Program, turns: readonly number[]): Program {
  const [own] = first.setup.guests;
  const other = second.setup.guests[1];
  if (own === undefined || other === undefined) return first;
  const rest = [inputsOf(first, 0), inputsOf(second, 1)] as const;
  const inputs: Input[] = [];
  for (let turn = 0; rest[0].length > 0 && rest[1].length > 0; turn++) {
    const length = turns[turn % turns.length] ?? 1;
    inputs.push(...(rest[turn % 2 === 0 ? 0 : 1]?.splice(0, length) ?? []));
  }
  inputs.push(...rest[0], ...rest[1]);
  return { setup: { guests: [own, other] }, inputs };
}

const others = programsOf({
  guests: twoGuests(anyWords, anyWords),
  without: new Set(),
  strange: false,
});

/** A world of two guests: one with extended contexts, one with a unit of any other kind. */
const anyNeighbours: fc.Arbitrary<Program> = fc
  .record({
    own: anyExtendedProgram,
    other: others,
    turns: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 9 }),
  })
  .map(({ own, other, turns }) => beside(own, other, turns));

/** Worlds in which a unit works by extended contexts: with its like, or beside another kind. */
export const anyMixedProgram: fc.Arbitrary<Program> = fc.oneof(
  { weight: 2, arbitrary: anyExtendedProgram },
  { weight: 1, arbitrary: anyNeighbours },
);
