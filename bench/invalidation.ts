import type { Figure } from "./figure.ts";
import { scatteredPage } from "./guest.ts";
import type { Effort } from "./measure.ts";
import { median } from "./measure.ts";
import type { Rig } from "./rig.ts";
import { announceChange, synchroniseChange } from "./rig.ts";
import type { Shadowed } from "./shadowed.ts";
import { firstPage, manyPages, scatteredGuest } from "./shadowed.ts";

const group = "invalidate after one changed entry";
const few = 1000;
const rigOf = ({ world, tables }: Shadowed): Rig => ({ world, tables, tail: 0 });

/** Where change number `index` happens, and to what: the same in every guest. */
const changed = (index: number): readonly [number, number] => [
  firstPage + ((index * 389) % few),
  scatteredPage(2 ** 20 + index),
];

/** Repeats for as long as the effort says; the first fifth warms up and does not count. */
function repeat(effort: Effort, once: (index: number) => void, forget: () => void): void {
  const start = performance.now();
  const limit = effort.seconds * 1500;
  let warm = false;
  for (let index = 0; performance.now() - start < limit; index++) {
    if (!warm && performance.now() - start > limit / 5) {
      forget();
      warm = true;
    }
    once(index);
  }
}

/** Both guests in turn, the same pages, in one run; microseconds. */
function pageSelective(effort: Effort, name: string, small: Rig, large: Rig): readonly Figure[] {
  const times: { few: number[]; many: number[] } = { few: [], many: [] };
  const forget = (): void => {
    times.few = [];
    times.many = [];
  };
  const once = (index: number): void => {
    const [page, to] = changed(index);
    times.few.push(announceChange(small, "page", page, to));
    times.many.push(announceChange(large, "page", page, to));
  };
  repeat(effort, once, forget);
  const [less, more] = [median(times.few), median(times.many)];
  return [
    { group, name: "page-selective, 10^3 pages mapped", value: less, unit: "µs" },
    { group, name: `page-selective, ${name} pages mapped`, value: more, unit: "µs" },
    {
      group,
      name: `page-selective, ${name} beside 10^3`,
      value: more / less,
      unit: "times",
      budget: { atMost: 1.5 },
    },
  ];
}

function domainSelective(effort: Effort, name: string, large: Rig): readonly Figure[] {
  const times: { queued: number[]; alone: number[] } = { queued: [], alone: [] };
  const forget = (): void => {
    times.queued = [];
    times.alone = [];
  };
  const once = (index: number): void => {
    times.queued.push(announceChange(large, "domain", ...changed(2 * index)));
    times.alone.push(synchroniseChange(large, ...changed(2 * index + 1)));
  };
  repeat(effort, once, forget);
  const rest = { group, unit: "µs", budget: { atMost: 20 } } as const;
  return [
    { ...rest, name: `domain-selective, ${name} pages mapped`, value: median(times.queued) },
    { ...rest, name: "the same without queue and wait", value: median(times.alone) },
  ];
}

/** What an invalidation costs, and that it costs what changed rather than what is mapped. */
export function measureInvalidation(effort: Effort): readonly Figure[] {
  const { count, name } = manyPages(effort);
  const small = rigOf(scatteredGuest(few));
  const large = rigOf(scatteredGuest(count));
  return [...pageSelective(effort, name, small, large), ...domainSelective(effort, name, large)];
}
