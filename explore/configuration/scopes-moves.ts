import { formatSourceId, hex } from "../../events/address.ts";
import {
  contextsOfAll,
  contextsOfDevice,
  iotlbOfAll,
  iotlbOfDomain,
  iotlbOfPage,
  memory,
  reads,
} from "../../properties/examples/driver.ts";
import type { Move } from "../engine/configuration.ts";
import type { Known } from "./known-entries.ts";
import { announced, written } from "./known-entries.ts";
import type { ScopesGhost } from "./scopes-ghost.ts";
import { pageIn } from "./scopes-ghost.ts";
import {
  contextOf,
  contextTo,
  devices,
  domains,
  entryTo,
  iovaOf,
  iovaPages,
  leafOf,
  submitted,
} from "./small-guest.ts";

type ScopesMove = Move<ScopesGhost>;

const iovaText = (index: number): string => `IOVA ${hex(iovaOf(index))}`;
const domainText = (domain: number): string => `domain ${(domain + 1).toString()}`;

/** The ghost with each context, or each leaf, that `which` picks as `change` makes it. */
const withContexts = (
  ghost: ScopesGhost,
  which: (device: number) => boolean,
  change: (context: Known) => Known,
): ScopesGhost => ({
  ...ghost,
  contexts: ghost.contexts.map((one, device) => (which(device) ? change(one) : one)),
});
const withLeaves = (
  ghost: ScopesGhost,
  which: (domain: number, index: number) => boolean,
  change: (leaf: Known) => Known,
): ScopesGhost => ({
  ...ghost,
  leaves: ghost.leaves.map((all, domain) =>
    all.map((one, index) => (which(domain, index) ? change(one) : one)),
  ),
});

const always = (): boolean => true;

/** The driver gives a device another context entry, or none. */
export const contextWrites: readonly ScopesMove[] = devices.flatMap((device, at) =>
  [undefined, ...domains].map(
    (tables): ScopesMove => ({
      actor: "driver",
      says:
        tables === undefined
          ? `The driver clears the context entry of ${formatSourceId(device)}.`
          : `The driver puts ${formatSourceId(device)} into domain ${tables.did.toString()}.`,
      inputs: ({ ghost }) =>
        ghost.contexts[at]?.now === (tables?.did ?? 0)
          ? []
          : [memory(contextOf(device), ...contextTo(tables, false))],
      knows: (ghost) =>
        withContexts(
          ghost,
          (one) => one === at,
          (known) => written(known, tables?.did ?? 0),
        ),
    }),
  ),
);

/** The driver turns an entry of a leaf table. */
export const leafWrites: readonly ScopesMove[] = domains.flatMap((tables, domain) =>
  iovaPages.map(
    (_, index): ScopesMove => ({
      actor: "driver",
      says: `The driver turns the entry of ${iovaText(index)} in ${domainText(domain)}.`,
      inputs: ({ ghost }) => {
        const isSet = ghost.leaves[domain]?.[index]?.now === 1;
        return [memory(leafOf(tables, index), isSet ? 0n : entryTo(pageIn(domain, index)))];
      },
      knows: (ghost) =>
        withLeaves(
          ghost,
          (one, at) => one === domain && at === index,
          (known) => written(known, 1 - known.now),
        ),
    }),
  ),
);

/** The driver submits a descriptor, and knows what that covers at least. */
const announcing = (what: string, descriptor: bigint, knows: ScopesMove["knows"]): ScopesMove => ({
  actor: "driver",
  says: `The driver submits ${what}.`,
  inputs: ({ world }) => submitted(world, descriptor),
  knows,
});

const dids = [0, ...domains.map(({ did }) => did)];

/** Invalidations of cached contexts. */
export const contextInvalidations: readonly ScopesMove[] = [
  announcing("a global context-cache invalidation", contextsOfAll, (ghost) =>
    withContexts(ghost, always, (known) => announced(known, always)),
  ),
  ...dids.map((did) =>
    announcing(
      `a context-cache invalidation of domain ${did.toString()}`,
      0x21n | (BigInt(did) << 16n),
      (ghost) => withContexts(ghost, always, (known) => announced(known, (one) => one === did)),
    ),
  ),
  ...devices.flatMap((device, at) =>
    dids.map((did) =>
      announcing(
        `a context-cache invalidation of ${formatSourceId(device)} in domain ${did.toString()}`,
        contextsOfDevice(did, device),
        (ghost) =>
          withContexts(
            ghost,
            (one) => one === at,
            (known) => announced(known, (one) => one === did),
          ),
      ),
    ),
  ),
];

/** Invalidations of cached translations. */
export const iotlbInvalidations: readonly ScopesMove[] = [
  announcing("a global IOTLB invalidation", iotlbOfAll, (ghost) =>
    withLeaves(ghost, always, (known) => announced(known, always)),
  ),
  ...domains.flatMap(({ did }, domain) => [
    announcing(`an IOTLB invalidation of ${domainText(domain)}`, iotlbOfDomain(did), (ghost) =>
      withLeaves(
        ghost,
        (one) => one === domain,
        (known) => announced(known, always),
      ),
    ),
    ...iovaPages.map((_, index) =>
      announcing(
        `an IOTLB invalidation of ${iovaText(index)} in ${domainText(domain)}`,
        iotlbOfPage(did, iovaOf(index)),
        (ghost) =>
          withLeaves(
            ghost,
            (one, at) => one === domain && at === index,
            (known) => announced(known, always),
          ),
      ),
    ),
  ]),
];

/** What devices ask for. */
export const requests: readonly ScopesMove[] = devices.flatMap((device) =>
  iovaPages.map(
    (_, index): ScopesMove => ({
      actor: "device",
      says: `Device ${formatSourceId(device)} reads ${iovaText(index)}.`,
      inputs: () => [reads(iovaOf(index), device)],
      knows: (ghost) => ghost,
    }),
  ),
);
