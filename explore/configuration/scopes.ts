import { memory } from "../../properties/examples/driver.ts";
import type { Configuration } from "../engine/configuration.ts";
import type { ScopesGhost } from "./scopes-ghost.ts";
import { judgeScopes, pageIn, scopesStart, tellScopes } from "./scopes-ghost.ts";
import {
  contextInvalidations,
  contextWrites,
  iotlbInvalidations,
  leafWrites,
  requests,
} from "./scopes-moves.ts";
import {
  contextOf,
  contextTo,
  devices,
  domains,
  frameOf,
  iovaPages,
  smallGuest,
  tableRoles,
  turnOn,
  upperTables,
} from "./small-guest.ts";

const pagesOf = (domain: number): number[] => iovaPages.map((_, index) => pageIn(domain, index));

/** Pages that take each other's place when domains do: tables of a level, pages of an IOVA. */
const pagesByDomain = [
  ...[0, 1, 2].map((level) => domains.map(({ pages }) => pages[level] ?? 0)),
  ...iovaPages.map((_, index) => domains.map((__, domain) => pageIn(domain, index))),
];
const byIova = domains.map((_, domain) => pagesOf(domain));

/** Scopes of invalidations. */
export const scopes: Configuration<ScopesGhost> = {
  name: "scopes",
  question:
    "Does each device go where the tables say, or said at some time since an invalidation that " +
    "covers it, whatever the scopes of the invalidations between?",
  setup: { guests: [smallGuest()] },
  boot: [
    ...domains.flatMap(upperTables),
    ...devices.map((device) => memory(contextOf(device), ...contextTo(undefined, false))),
    ...turnOn,
  ],
  layout: { pages: tableRoles(domains), rolling: true },
  alike: [
    { source: devices },
    {
      did: domains.map(({ did }) => did),
      gfn: pagesByDomain,
      hfn: pagesByDomain.map((pages) => pages.map(frameOf)),
    },
    { iova: iovaPages, gfn: byIova, hfn: byIova.map((pages) => pages.map(frameOf)) },
  ],
  ghost: scopesStart,
  moves: [
    ...contextWrites,
    ...leafWrites,
    ...contextInvalidations,
    ...iotlbInvalidations,
    ...requests,
  ],
  laws: ["IS1", "SH3", "QU1", "QU2"],
  sometimes: ["landed", "fault", "one of several"],
  judge: (ghost, steps, _world, count) => judgeScopes(ghost, steps, count),
  tell: tellScopes,
};
