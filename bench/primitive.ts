import { mapped, ok } from "../tables/mapping.ts";
import type { Memory } from "../tables/memory.ts";
import { emptyMemory, writeVisible } from "../tables/memory.ts";
import { change, emptyTree, fill } from "../tables/page-tree.ts";
import type { Figure } from "./figure.ts";
import { scatteredPage } from "./guest.ts";
import type { Effort } from "./measure.ts";
import { bestNanoseconds, keep, numbers } from "./measure.ts";

const group = "pieces, for comparing machines";
const count = 50_000;

/** Sets pages all over a tree of four levels that has 65,536 mapped. */
function treeWrites(): () => unknown {
  const draw = numbers(2);
  const size = 65_536;
  let tree = emptyTree(4, true);
  for (let page = 0; page < size; page++) {
    tree = fill(tree, page, page + 1, mapped(scatteredPage(page), ok, ok, 0));
  }
  const start = tree;
  const pages = Array.from({ length: count }, () => draw(size));
  return () => {
    let next = start;
    for (const page of pages) next = fill(next, page, page + 1, mapped(page, ok, ok, 0));
    return next;
  };
}

/** Marks pages all over a tree as pending. */
function treeMarks(): () => unknown {
  const draw = numbers(3);
  const pages = Array.from({ length: count }, () => draw(2 ** 20));
  return () => {
    let tree = emptyTree(4, false);
    for (const page of pages) tree = change(tree, page, page + 1, (old) => (old === 0 ? 2 : old));
    return tree;
  };
}

/** Writes words all over 1,024 pages of memory. */
function memoryWrites(): () => unknown {
  const draw = numbers(4);
  const bytes = new Uint8Array(8).fill(0x5a);
  const ones = new Uint8Array(4096).fill(1);
  let memory: Memory = emptyMemory;
  for (let gfn = 0; gfn < 1024; gfn++) {
    memory = writeVisible(memory, { gfn, offset: 0, bytes: ones, from: 0, to: 4096 });
  }
  const start = memory;
  const places = Array.from({ length: count }, () => draw(1024 * 512));
  return () => {
    let next = start;
    for (const at of places) {
      const piece = { gfn: at >> 9, offset: (at & 511) * 8, bytes, from: 0, to: 8 };
      next = writeVisible(next, piece);
    }
    return next;
  };
}

function slotCopies(): unknown {
  let slots: readonly number[] = Array.from({ length: 32 }, (_, index) => index);
  for (let index = 0; index < count; index++) {
    const copy = slots.slice();
    copy[index & 31] = index;
    slots = copy;
  }
  return slots;
}

function pageCopies(): unknown {
  let page = new Uint8Array(4096);
  for (let index = 0; index < count; index++) {
    page = page.slice();
    page[index & 4095] = index;
    keep(page);
  }
  return page;
}

/** What the state is made of, and a 4 KiB copy to compare this machine with others. */
export function measurePieces(effort: Effort): readonly Figure[] {
  const brief = { ...effort, seconds: effort.seconds / 3 };
  const figure = (name: string, run: () => unknown): Figure => {
    const value = bestNanoseconds(brief, count, run);
    return { group, name, value, unit: "ns" };
  };
  return [
    figure("copy of 4 KiB", pageCopies),
    figure("copy of 32 slots, one changed", slotCopies),
    figure("persistent tree, one page set", treeWrites()),
    figure("persistent tree, one page marked", treeMarks()),
    figure("persistent memory, 8 bytes written", memoryWrites()),
  ];
}
