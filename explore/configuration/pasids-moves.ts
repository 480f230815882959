import type { Iova } from "../../events/address.ts";
import { hex } from "../../events/address.ts";
import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import type { Input } from "../../events/input.ts";
import { iotlbOfAll, iotlbOfDomain, memory } from "../../properties/examples/driver.ts";
import { words } from "../../properties/examples/scalable-driver.ts";
import {
  allPasids,
  onePasid,
  pasidIotlb,
  pasidPage,
  pasidsOf,
} from "../../properties/examples/scalable-queue.ts";
import type { Move } from "../engine/configuration.ts";
import type { Known } from "./known-entries.ts";
import { announced, written } from "./known-entries.ts";
import type { FirstStage, PasidsGhost } from "./pasids-ghost.ts";
import { firstStages, pasids } from "./pasids-ghost.ts";
import { devices, gpaOf, submittedWide } from "./small-guest.ts";

type PasidsMove = Move<PasidsGhost>;

/** Where the table of PASID entries is. */
export const pasidTable = 15;
const address = 0x40_000n;
/** P, R/W, U/S, and A and D, so that a walk writes nothing. */
export const entryBits = 0x67n;

/** The entry of a PASID that has a domain, or none. Faults are not recorded. */
export function writesEntry(pasid: number, stage: FirstStage | undefined): Input {
  const entry =
    stage === undefined
      ? { fpd: true }
      : {
          ...{ present: true, fpd: true, pgtt: pasidTypes.firstStage, did: stage.did },
          fsptptr: gpaOf(stage.tables[0]),
        };
  const gpa = gpaOf(pasidTable) + BigInt(pasid & 63) * 64n;
  return memory(gpa, ...words(PasidEntry.encode(entry), 8));
}

const leafOf = ({ tables }: FirstStage): bigint => gpaOf(tables[3]) + (address >> 12n) * 8n;

const withEntries = (
  ghost: PasidsGhost,
  which: (pasid: number) => boolean,
  change: (entry: Known) => Known,
): PasidsGhost => ({
  ...ghost,
  entries: ghost.entries.map((one, pasid) => (which(pasid) ? change(one) : one)),
});
const withLeaves = (
  ghost: PasidsGhost,
  which: (domain: number, pasid: number) => boolean,
  change: (leaf: Known) => Known,
): PasidsGhost => ({
  ...ghost,
  leaves: ghost.leaves.map((all, domain) =>
    all.map((one, pasid) => (which(domain, pasid) ? change(one) : one)),
  ),
});
const always = (): boolean => true;

/** The PASID whose entry the driver changes. */
export const [changing] = pasids;
const [device] = devices;

/** The driver changes the entry of a PASID. */
export const entryWrites = [undefined, ...firstStages].map((stage): PasidsMove => {
  const did = stage?.did ?? 0;
  const writes = [writesEntry(changing, stage)];
  const what = stage === undefined ? "clears the entry of" : `gives domain ${did.toString()} to`;
  return {
    actor: "driver",
    says: `The driver ${what} PASID ${hex(changing)}.`,
    inputs: ({ ghost }) => (ghost.entries[0]?.now === did ? [] : writes),
    knows: (ghost) =>
      withEntries(
        ghost,
        (one) => one === 0,
        (entry) => written(entry, did),
      ),
  };
});

/** The driver turns the lowest entry of a first stage. */
export const leafWrites = firstStages.map(
  (stage, index): PasidsMove => ({
    actor: "driver",
    says: `The driver turns the first-stage entry of domain ${stage.did.toString()}.`,
    inputs: ({ ghost }) => {
      const isSet = ghost.leaves[index]?.[0]?.now === 1;
      return [memory(leafOf(stage), isSet ? 0n : gpaOf(stage.page) | entryBits)];
    },
    knows: (ghost) =>
      withLeaves(
        ghost,
        (one) => one === index,
        (leaf) => written(leaf, 1 - leaf.now),
      ),
  }),
);

/** The driver submits a descriptor, and knows what that covers at least. */
const announcing = (what: string, descriptor: bigint, knows: PasidsMove["knows"]): PasidsMove => ({
  actor: "driver",
  says: `The driver submits ${what}.`,
  inputs: ({ world }) => submittedWide(world, descriptor),
  knows,
});

const dids = [0, ...firstStages.map(({ did }) => did)];
const domainText = (did: number): string => `domain ${did.toString()}`;

/** Of a single PASID those that were not present are covered under any domain-id. */
export const cacheInvalidations = [
  announcing("a global PASID-cache invalidation", allPasids, (ghost) =>
    withEntries(ghost, always, (entry) => announced(entry, always)),
  ),
  ...dids.map((did) =>
    announcing(`a PASID-cache invalidation of ${domainText(did)}`, pasidsOf(did), (ghost) =>
      withEntries(ghost, always, (entry) => announced(entry, (one) => one === did)),
    ),
  ),
  ...pasids.flatMap((pasid, index) =>
    dids.map((did) =>
      announcing(
        `a PASID-cache invalidation of PASID ${hex(pasid)} in ${domainText(did)}`,
        onePasid(did, pasid),
        (ghost) =>
          withEntries(
            ghost,
            (one) => one === index,
            (entry) => announced(entry, (one) => one === did || one === 0),
          ),
      ),
    ),
  ),
];

const forgotten = (ghost: PasidsGhost, which: (domain: number, pasid: number) => boolean) =>
  withLeaves(ghost, which, (leaf) => announced(leaf, always));

/** Invalidations of cached translations. */
export const iotlbInvalidations = [
  announcing("a global IOTLB invalidation", iotlbOfAll, (ghost) => forgotten(ghost, always)),
  ...firstStages.flatMap(({ did }, index) => [
    announcing(`an IOTLB invalidation of ${domainText(did)}`, iotlbOfDomain(did), (ghost) =>
      forgotten(ghost, (domain) => domain === index),
    ),
    ...pasids.flatMap((pasid, number) => {
      const isIt = (domain: number, one: number) => domain === index && one === number;
      const whose = `PASID ${hex(pasid)} in ${domainText(did)}`;
      return [
        announcing(
          `a PASID-based IOTLB invalidation of ${whose}`,
          pasidIotlb(did, pasid),
          (ghost) => forgotten(ghost, isIt),
        ),
        announcing(
          `a PASID-based IOTLB invalidation of one page of ${whose}`,
          pasidPage(did, pasid, address),
          (ghost) => forgotten(ghost, isIt),
        ),
      ];
    }),
  ]),
];

/** What the device asks for. */
export const requests = pasids.map(
  (pasid): PasidsMove => ({
    actor: "device",
    says: `The device reads by PASID ${hex(pasid)}.`,
    inputs: () => [
      { type: "Dma", device, iova: address as Iova, access: "read", length: 8, pasid },
    ],
    knows: (ghost) => ghost,
  }),
);
