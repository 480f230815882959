import { Rtaddr } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import {
  asks,
  asksFor,
  deviceBooted,
  pageQueue,
  pageResponse,
} from "../../properties/examples/device-driver.ts";
import { command, memory, srtp, te, write, write8 } from "../../properties/examples/driver.ts";
import {
  below,
  context,
  firstStage,
  firstStageEntry,
  firstStageTables,
  gva,
  pasidDirectory,
  pasidDma,
  pasidEntry,
  pasids,
  readsAs,
  scalableBooted,
  scalableOn,
  scalableTables,
  secondStage,
  secondStageEntry,
  slot,
} from "../../properties/examples/scalable-driver.ts";
import { announce, onePasid, scalableQueue } from "../../properties/examples/scalable-queue.ts";
import type { SmallCase } from "../select/case.ts";
import type { Part } from "./part.ts";
import { byHand } from "./part.ts";

/** Where no memory is: after the first 2 GiB and before 4 GiB. */
const nowhere = 0xc000_0000n;
const scalable = "everything-scalable";

/** The tables with something changed before translation is on, and a request. */
const met = (facet: string, changes: Part, asked: Part): SmallCase =>
  byHand(facet, scalable, [scalableTables, changes, scalableOn, asked]);

/** The entry of the second stage for an address of the guest. */
const under = (address: bigint): bigint => slot(secondStage.l1, 1, below + address);
const nested: Part = firstStageTables(below);
const readsSecond = readsAs(pasids.secondStage, below);
const readsNested = readsAs(pasids.nested, gva);

const faults: readonly SmallCase[] = [
  byHand("SM1 (38h)", scalable, [
    write8(at.rtaddr, Rtaddr.encode({ rta: nowhere, ttm: 1 })),
    command(srtp),
    command(te),
    readsAs(pasids.firstStage, gva),
  ]),
  met("SM1 (50h)", context({ pasiddirptr: nowhere }), readsAs(pasids.firstStage, gva)),
  met("SM1 (5bh)", pasidEntry(pasids.secondStage, secondStageEntry({ aw: 0 })), readsSecond),
  met("SM1 (5dh)", [], pasidDma("read", gva, { pasid: pasids.firstStage, privileged: true })),
  met("SM1 (76h)", [nested, memory(under(firstStage.l3), 0n)], readsNested),
  met("SM1 (77h)", [nested, memory(under(firstStage.l3), firstStage.l3 | 1n)], readsNested),
  met("SM1 (78h)", memory(slot(secondStage.l4, 4, below), nowhere | 3n), readsSecond),
  met("SM1 (7ah)", memory(slot(secondStage.l4, 4, below), secondStage.l3 | 0x83n), readsSecond),
  met(
    "SM1 (7bh)",
    pasidEntry(pasids.secondStage, secondStageEntry({ ssptptr: nowhere })),
    readsSecond,
  ),
  byHand("NE3", "everything-scalable-not-nested", [scalableBooted, nested, readsNested]),
];

const caches: readonly SmallCase[] = [
  byHand("PE2", scalable, [
    scalableTables,
    memory(pasidDirectory + BigInt(pasids.firstStage >> 6) * 8n, 0x1_1001n),
    pasidEntry(pasids.firstStage, { present: false }),
    scalableOn,
    scalableQueue,
    readsAs(pasids.firstStage, gva),
    pasidEntry(pasids.firstStage, firstStageEntry()),
    announce(onePasid(0, pasids.firstStage)),
    readsAs(pasids.firstStage, gva),
  ]),
];

const pages: readonly SmallCase[] = [
  // A page of 1 GiB from 4 GiB on, where the machine has as much RAM.
  met(
    "FS3 (1G)",
    memory(slot(firstStage.l3, 3, gva), 0x1_0000_0087n),
    readsAs(pasids.firstStage, gva),
  ),
];

const queue: Part = [deviceBooted, write8(at.pqa, pageQueue)];

const requests: readonly SmallCase[] = [
  byHand("AT2 (44h)", scalable, [scalableBooted, asks("read", gva, { pasid: pasids.firstStage })]),
  byHand("PQ8 (withdrawn)", scalable, [queue, asksFor(gva), write(at.prs, 1n)]),
  byHand("PQ9", scalable, [queue, context({ dte: true }), asksFor(gva)]),
  byHand("PQ11", scalable, [write8(at.pqa, pageQueue), asksFor(gva)]),
  byHand("PQ15", scalable, [queue, asksFor(gva), announce(pageResponse({ rc: 5 }))]),
];

/** Scalable mode, and page requests. */
export const scalableByHand: readonly SmallCase[] = [...faults, ...caches, ...pages, ...requests];
