import { InvalidArgumentError } from "commander";
import type { HostAbilities } from "../calls/host-abilities.ts";
import { ableHost } from "../calls/host-abilities.ts";
import { shortened } from "../events/log/excerpt.ts";

/** Words for what a host lacks. */
const lacking: Readonly<Record<string, Partial<HostAbilities>>> = {
  able: {},
  "no-nesting": { nesting: false },
  "no-pasid": { pasid: false },
  "no-page-requests": { pageRequests: false },
  "no-dirty-tracking": { dirtyTracking: false },
  "no-4k": { pages4k: false },
  "levels=4": { firstStageLevels: 4 },
};

function abilityOf(word: string): Partial<HostAbilities> {
  const known = Object.hasOwn(lacking, word) ? lacking[word] : undefined;
  if (known !== undefined) return known;
  const [, what, digits] = /^(input|host)=(\d{2})$/.exec(word) ?? [];
  const bits = Number(digits);
  if (what !== undefined && bits >= 30 && bits <= 64) {
    return what === "input" ? { inputBits: bits } : { hostBits: bits };
  }
  const words = [...Object.keys(lacking), "input=BITS", "host=BITS"].join(", ");
  throw new InvalidArgumentError(`There is no ability ${shortened(word)}; there are ${words}.`);
}

/** What a host can do: everything but what a list with commas says. */
export const parseAbilities = (text: string): HostAbilities =>
  Object.assign({}, ableHost, ...text.split(",").map(abilityOf)) as HostAbilities;
