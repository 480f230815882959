import { formatSourceId } from "../../events/address.ts";
import type { Judge } from "./finding.ts";
import type { Context, MappingChanged, Observation } from "./observation.ts";
import type { Range } from "./reach.ts";
import { dropsTranslations, iovaText, reachOf, without } from "./reach.ts";

/** An unmapping, the domain whose IOTLB was told, and the devices that were. */
interface Told {
  readonly seen: MappingChanged;
  did: number | undefined;
  readonly left: Map<number, readonly Range[]>;
}

const isTold = ({ left }: Told, source: number): boolean => left.get(source)?.length === 0;

/** A device belongs to a domain when at least so many of ten unmappings there told it. */
const rule = 0.8;
const fewest = 3;

/** The unmappings of a trace and whom they were told, by context. */
function unmappings(observations: readonly Observation[]): readonly Told[] {
  const all: Told[] = [];
  const newest = new Map<Context, Told>();
  for (const seen of observations) {
    if (seen.kind === "mappingChanged") {
      newest.delete(seen.context);
      if (seen.change !== "unmap" || !seen.ordered) continue;
      const told: Told = { seen, did: undefined, left: new Map() };
      newest.set(seen.context, told);
      all.push(told);
    } else if (seen.kind === "invalidated") {
      const told = newest.get(seen.context);
      if (told === undefined) continue;
      const reach = reachOf(seen.words);
      if (dropsTranslations(reach) && without([told.seen], reach).length === 0) {
        told.did ??= reach.did;
      } else if (/^(deviceTlb|pasidDeviceTlb)$/.test(reach.name ?? "")) {
        const source = reach.source ?? 0;
        told.left.set(source, without(told.left.get(source) ?? [told.seen], reach));
      }
    }
  }
  return all.filter(({ did }) => did !== undefined);
}

/** Whether each unmapping is told to the devices of its domain that are told the others. */
export function checkDeviceTlbs(observations: readonly Observation[], judge: Judge): void {
  const byDomain = new Map<number, Told[]>();
  for (const told of unmappings(observations)) {
    const did = told.did ?? 0;
    byDomain.set(did, [...(byDomain.get(did) ?? []), told]);
  }
  for (const [did, all] of byDomain) {
    const sources = new Set(all.flatMap(({ left }) => [...left.keys()]));
    for (const source of sources) {
      const having = all.filter((told) => isTold(told, source)).length;
      if (having < fewest || having < rule * all.length) continue;
      for (const told of all) {
        if (isTold(told, source)) judge.agree();
        else {
          const whom = `${formatSourceId(source)} was not told; ${having.toString()} of `;
          const text = `${iovaText(told.seen)} was unmapped in domain ${did.toString()}; ${whom}`;
          const line = told.seen.line;
          judge.disagree("deviceTlbNotTold", line, `${text}${all.length.toString()} were told`);
        }
      }
    }
  }
}
