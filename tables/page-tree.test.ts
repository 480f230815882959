import { default as fc } from "fast-check";
import { expect, test } from "vitest";
import { readable, writable } from "./mapping.ts";
import { p2mMapping } from "./p2m.ts";
import { emptyTree, fill, get } from "./page-tree.ts";

const pages = 70;

test("[PT1] pages set one by one, in any order, make the tree that their contents make", () => {
  const value = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom(600, 1112),
  );
  const set = fc.record({ page: fc.integer({ min: 0, max: pages - 1 }), value });
  const check = (linear: boolean, sets: readonly { page: number; value: number }[]): void => {
    let tree = emptyTree(3, linear);
    const held = new Map<number, number>();
    for (const one of sets) {
      tree = fill(tree, one.page, one.page + 1, one.value);
      held.set(one.page, one.value);
    }
    let rebuilt = emptyTree(3, linear);
    for (let page = pages - 1; page >= 0; page--) {
      const wanted = held.get(page) ?? 0;
      expect(get(tree, page)).toBe(wanted);
      rebuilt = fill(rebuilt, page, page + 1, wanted);
    }
    expect(tree).toEqual(rebuilt);
  };
  fc.assert(fc.property(fc.boolean(), fc.array(set, { maxLength: 200 }), check));
});

test("[PT1] a run of pages set one by one is the one number that filling it makes", () => {
  for (const linear of [true, false]) {
    let tree = emptyTree(3, linear);
    const step = linear ? 512 : 0;
    for (let page = 0; page < 512; page++) tree = fill(tree, page, page + 1, 1024 + page * step);
    expect(tree).toEqual(fill(emptyTree(3, linear), 0, 512, 1024));
  }
});

test("[PT2] what a page grants is what the P2M that is asked says, whichever came before", () => {
  const both = fill(emptyTree(3, true), 5, 6, p2mMapping(9, true, true, 0));
  const none = emptyTree(3, true);
  const reads = fill(none, 5, 6, p2mMapping(9, true, false, 0));
  for (const p2m of [both, none, reads, both, reads, none]) {
    expect(readable(p2m, 5)).toBe(p2m !== none);
    expect(writable(p2m, 5)).toBe(p2m === both);
  }
  for (const far of [4096, 2 ** 40]) {
    expect(readable(none, 5 + far)).toBe(false);
    expect(readable(both, 5)).toBe(true);
    expect(readable(both, 5 + far)).toBe(false);
  }
});
