import { gpaOfPage } from "../events/address.ts";
import type { Input, InputOf } from "../events/input.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import type { World } from "../projections/world.ts";
import {
  contextsOfAll,
  deviceTlbOf,
  iotlbOfAll,
  iotlbOfDomain,
  iotlbOfPage,
  memory,
  protect,
  queueOn,
  submitAt,
  turnOn,
  waitNothing,
  waitStatus,
} from "../properties/examples/driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import { flat } from "../properties/examples/given.ts";
import type { Mix } from "../properties/examples/web-scene.ts";
import {
  firstTable,
  numbers,
  tableAddress,
  web,
  wideUnit,
} from "../properties/examples/web-scene.ts";
import type { Figure } from "./figure.ts";
import { foldAll } from "./guest.ts";
import type { Effort } from "./measure.ts";
import { bestSeconds, keep } from "./measure.ts";

const group = "the worst that a guest can do";
const entries = 512;

export const enter = (world: World, ...inputs: readonly Inputs[]): World =>
  foldAll(world, flat(inputs));

/** As many tables of five levels, of which all but the upper ones map pages out of order. */
export function ordinary(count: number): Inputs {
  const draw = numbers(3);
  const chain = [0, 1, 2].map((table) => memory(tableAddress(table), tableAddress(table + 1) | 3n));
  const leaves = Array.from({ length: count - 4 }, (_, index) => tableAddress(4 + index));
  const leaf = (table: bigint): InputOf<"MemoryWrite"> =>
    memory(
      table,
      ...Array.from({ length: entries }, () => gpaOfPage(firstTable + draw(1024)) | 3n),
    );
  const above = memory(tableAddress(3), ...leaves.map((table) => table | 3n));
  return [web(0, "alike"), chain, above, leaves.map(leaf)];
}

/** Every other entry of the table above the leaf tables is a superpage. */
function alternating(count: number): Inputs {
  const words = Array.from({ length: entries }, (_, index) =>
    index % 2 === 0 ? 0x4000_0083n : tableAddress(4 + (index % (count - 4))) | 3n,
  );
  return [ordinary(count), memory(tableAddress(3), ...words)];
}

const secondsToTurnOn = (effort: Effort, tables: Inputs): number => {
  const world = enter(createWorld(wideUnit()), tables);
  return bestSeconds(effort, () => keep(enter(world, turnOn)));
};

/** Webs and other shapes of tables beside as many ordinary ones. */
function shapes(effort: Effort, tables: number): readonly Figure[] {
  const usual = secondsToTurnOn(effort, ordinary(tables));
  const beside = (name: string, shape: Inputs, atMost: number): Figure => ({
    group,
    name: `${name}, beside as many ordinary ones`,
    value: secondsToTurnOn(effort, shape) / usual,
    unit: "times",
    budget: { atMost },
  });
  return [
    {
      group,
      name: `${tables.toString()} ordinary tables, translation turned on`,
      value: usual * 1000,
      unit: "ms",
    },
    beside("web of tables", web(tables, "alike"), 2),
    // Each table once for each of three sets of rights.
    beside("web of tables, rights mixed", web(tables, "rights"), 3 * 5),
    beside("web of tables, rights and superpages mixed", web(tables, "superpages"), 3 * 5),
    beside("superpages and tables by turns", alternating(tables), 2),
  ];
}

/** One change of a web, beside building it. */
function changes(effort: Effort, tables: number, mix: Mix): readonly Figure[] {
  const built = enter(createWorld(wideUnit()), web(tables, mix));
  const world = enter(built, turnOn, queueOn);
  const build = bestSeconds(effort, () => keep(enter(built, turnOn)));
  const written = enter(world, memory(tableAddress(9) + 40n, tableAddress(3) | 3n));
  const told = submitAt(0, iotlbOfPage(5, 0x1234_5678_9000n));
  const beside = (name: string, start: World, inputs: Inputs): Figure => ({
    group,
    name: `web, rights ${mix === "alike" ? "alike" : "mixed"}: ${name}, beside building it`,
    value: bestSeconds(effort, () => keep(enter(start, inputs))) / build,
    unit: "times",
    budget: { atMost: 2 },
  });
  return [
    beside("one entry written, one page announced", written, told),
    beside("a page loses a right", world, protect(tableAddress(8), 4096n, true, false)),
    beside("a table loses its memory", world, protect(tableAddress(7), 4096n, false, false)),
  ];
}

/** A ring full of one descriptor, beside one full of waits that do nothing; by descriptor. */
function rings(effort: Effort): readonly Figure[] {
  const world = enter(createWorld(wideUnit()), ordinary(8), turnOn, queueOn);
  const secondsOf = (descriptor: bigint): number => {
    const ring = flat(submitAt(0, ...new Array<bigint>(255).fill(descriptor)));
    const ready = foldAll(world, ring.slice(0, -1));
    const tail = ring.at(-1) as Input;
    return bestSeconds(effort, () => keep(fold(ready, tail))) / 255;
  };
  const wait = secondsOf(waitNothing);
  const kinds: readonly (readonly [string, bigint])[] = [
    ["global context invalidations", contextsOfAll],
    ["global IOTLB invalidations", iotlbOfAll],
    ["domain-selective ones", iotlbOfDomain(5)],
    ["page-selective ones", iotlbOfPage(5, 0x1000n)],
    ["device-TLB invalidations", deviceTlbOf(0x20)],
    ["waits that write into a table", waitStatus(tableAddress(5) + 8n, 0x7003)],
  ];
  return [
    { group, name: "ring of 255 waits", value: wait * 1e6, unit: "µs/descriptor" },
    ...kinds.map(
      ([name, descriptor]): Figure => ({
        group,
        name: `ring of ${name}, beside that`,
        value: secondsOf(descriptor) / wait,
        unit: "times",
        budget: { atMost: 10 },
      }),
    ),
  ];
}

/** Shapes of tables and queues that would cost out of proportion if anything did. */
export function measureWorst(effort: Effort): readonly Figure[] {
  const brief = { ...effort, seconds: effort.seconds / 4 };
  const tables = effort.short ? 6 : 64;
  return [
    ...shapes(brief, tables),
    ...changes(brief, tables, "alike"),
    ...changes(brief, tables, "rights"),
    ...rings(brief),
  ];
}
