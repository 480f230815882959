import { at } from "../../events/registers/offset.ts";
import { asksFor, deviceBooted, pageQueue } from "../../properties/examples/device-driver.ts";
import {
  command,
  contextsOfAll,
  contextsOfDevice,
  iotlbOfAll,
  iotlbOfDomain,
  iotlbOfPage,
  memory,
  qie,
  reads,
  te,
  write8,
} from "../../properties/examples/driver.ts";
import {
  below,
  context,
  data,
  dids,
  firstStage,
  firstStageEntry,
  firstStageTables,
  gva,
  pasidDirectory,
  pasidDma,
  pasidEntry,
  pasidTable,
  readsAs,
  scalableOn,
  scalableTables,
  secondStage,
  slot,
  writesAs,
} from "../../properties/examples/scalable-driver.ts";
import {
  announce,
  onePasid,
  pasidIotlb,
  pasidPage,
  scalableQueue,
} from "../../properties/examples/scalable-queue.ts";
import type { SmallCase } from "../select/case.ts";
import type { Part } from "./part.ts";
import { againstBug } from "./part.ts";
import { first, leaf, moved, nested, reading, ready, rid, scalable } from "./scalable-part.ts";

/** The page of the first stage changes and is announced, and a device reads before and after. */
const afterwards = (announcing: Part): readonly Part[] => [
  ready,
  reading,
  moved,
  announcing,
  reading,
];

const caches: readonly SmallCase[] = [
  againstBug("domain-and-first-stage", scalable, afterwards(announce(iotlbOfDomain(1)))),
  againstBug("page-and-first-stage", scalable, afterwards(announce(iotlbOfPage(1, gva)))),
  againstBug("pasid-iotlb-kept", scalable, afterwards(announce(pasidIotlb(1, first)))),
  againstBug("device-models-and-pasids", scalable, afterwards(announce(pasidIotlb(1, first)))),
  againstBug("tables-kept", scalable, [
    ready,
    reading,
    memory(slot(firstStage.l2, 2, gva), 0x2_5007n),
    memory(slot(0x2_5000n, 1, gva), 0x9_0007n),
    announce(pasidPage(1, first, gva)),
    reading,
  ]),
  againstBug("classes-shared", scalable, [
    ready,
    memory(leaf, data | 3n),
    announce(pasidIotlb(1, first)),
    pasidDma("read", gva, { pasid: first, privileged: true }),
    reading,
  ]),
  againstBug("read-entry-refuses-write", scalable, [ready, reading, writesAs(first, gva)]),
  againstBug("clean-page-written", scalable, [ready, reading, writesAs(first, gva), reading]),
  againstBug("nested-left-cached", scalable, [
    scalableTables,
    firstStageTables(below),
    scalableOn,
    scalableQueue,
    readsAs(nested, gva),
    memory(slot(secondStage.l1, 1, below + data), 0x9_0003n),
    announce(iotlbOfDomain(dids.nested)),
    readsAs(nested, gva),
  ]),
  againstBug("page-not-renewed", scalable, [
    deviceBooted,
    write8(at.pqa, pageQueue),
    reading,
    moved,
    asksFor(gva),
    reading,
  ]),
];

const other = { did: dids.firstStage, fsptptr: 0x2_8000n };
const otherTables: Part = [
  memory(slot(0x2_8000n, 4, gva), 0x2_9007n),
  memory(slot(0x2_9000n, 3, gva), 0x2_a007n),
  memory(slot(0x2_a000n, 2, gva), 0x2_b007n),
  memory(slot(0x2_b000n, 1, gva), 0x9_0007n),
];

const entries: readonly SmallCase[] = [
  againstBug("context-by-domain", scalable, [
    ready,
    reading,
    context({ present: false }),
    announce(contextsOfDevice(9, 0x20)),
    announce(iotlbOfAll, 1),
    reading,
  ]),
  againstBug("context-without-pasids", scalable, [
    ready,
    reading,
    context({ present: false }),
    announce(contextsOfAll),
    announce(iotlbOfAll, 1),
    reading,
  ]),
  againstBug("pasid-cache-tag", scalable, [
    scalableTables,
    pasidEntry(first, { present: false }),
    scalableOn,
    scalableQueue,
    reading,
    pasidEntry(first, firstStageEntry()),
    announce(onePasid(dids.firstStage, first)),
    announce(pasidIotlb(dids.firstStage, first), 1),
    reading,
  ]),
  againstBug("pasids-across-enable", scalable, [
    ready,
    reading,
    otherTables,
    pasidEntry(first, firstStageEntry(other)),
    command(qie),
    command(te | qie),
    announce(iotlbOfAll),
    reading,
  ]),
  againstBug("directory-fpd", scalable, [
    scalableTables,
    memory(pasidDirectory + BigInt(first >> 6) * 8n, pasidTable | 3n),
    pasidEntry(first, { present: false }),
    scalableOn,
    reading,
  ]),
  againstBug("pasid-fpd", scalable, [
    scalableTables,
    pasidEntry(first, { present: false, fpd: true }),
    scalableOn,
    reading,
  ]),
  againstBug("rid-priv", scalable, [
    scalableTables,
    context({ ridPriv: true }),
    pasidEntry(rid, firstStageEntry({ did: dids.rid, sre: true })),
    memory(leaf, data | 3n),
    scalableOn,
    reads(gva),
  ]),
];

/** Cases for seeded bugs about what is cached by PASID. */
export const pasidMistakes: readonly SmallCase[] = [...caches, ...entries];
