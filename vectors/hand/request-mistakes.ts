import type { SourceId } from "../../events/address.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { at } from "../../events/registers/offset.ts";
import {
  asks,
  asksFor,
  deviceBooted,
  pageQueue,
  pageResponse,
} from "../../properties/examples/device-driver.ts";
import { memory, write, write8 } from "../../properties/examples/driver.ts";
import {
  data,
  firstStage,
  gva,
  pasidDirectory,
  pasidEntry,
  pasids,
  readsAs,
  scalableOn,
  scalableRoot,
  scalableTables,
  secondStage,
  secondStageEntry,
  slot,
  words,
} from "../../properties/examples/scalable-driver.ts";
import { announce, pasidIotlb } from "../../properties/examples/scalable-queue.ts";
import type { SmallCase } from "../select/case.ts";
import type { Part } from "./part.ts";
import { againstBug } from "./part.ts";
import { first, leaf, reading, ready, scalable } from "./scalable-part.ts";

const bridged = 0x2_e000n;
const contextWords = words(
  ScalableContextEntry.encode({
    ...{ present: true, paside: true, pre: true, dte: true, pasiddirptr: pasidDirectory },
    ridPasid: pasids.rid,
  }),
  4,
);

const requests: readonly SmallCase[] = [
  againstBug("event-every-time", scalable, [
    deviceBooted,
    write8(at.pqa, pageQueue),
    write(at.pedata, 0x41n),
    write(at.peaddr, 0xfee0_1000n),
    write(at.pectl, 0n),
    asksFor(gva, { group: 1 }),
    asksFor(gva, { group: 2 }),
  ]),
  againstBug("request-of-device", scalable, [
    deviceBooted,
    write8(at.pqa, pageQueue),
    // Bus 2: a device whose requests come from a bridge.
    memory(scalableRoot + 32n, bridged | 1n, 0n),
    memory(bridged, ...contextWords),
    asksFor(gva, { device: 0x208 as SourceId }),
  ]),
  againstBug("page-status-together", scalable, [
    deviceBooted,
    write8(at.pqa, pageQueue),
    write8(at.pqh, 64n),
    asksFor(gva, { group: 1 }),
    asksFor(gva, { group: 2 }),
    write(at.prs, 1n),
  ]),
  againstBug("privileged-translation-request", scalable, [
    deviceBooted,
    memory(leaf, data | 3n),
    asks("read", gva, { pasid: first, privileged: true }),
  ]),
  againstBug("upper-half-unchecked", scalable, [ready, announce(0x4n | (1n << 200n))]),
  againstBug("memory-type-in-address", scalable, [
    scalableTables,
    memory(slot(firstStage.l2, 2, gva), 0x20_1087n),
    scalableOn,
    reading,
  ]),
  againstBug("second-width", scalable, [
    scalableTables,
    pasidEntry(pasids.secondStage, secondStageEntry()),
    memory(secondStage.l4 + 511n * 8n, secondStage.l3 | 3n),
    memory(secondStage.l3 + 511n * 8n, secondStage.l2 | 3n),
    memory(secondStage.l2 + 511n * 8n, secondStage.l1 | 3n),
    memory(secondStage.l1 + 511n * 8n, data | 3n),
    scalableOn,
    readsAs(pasids.secondStage, 0xffff_ffff_f000n),
  ]),
];

/** Two addresses that differ in their upper half alone. */
const [low, high] = [0x1000n, 0xffff_8000_0000_1000n];
const linked = (index: bigint, table: bigint): Part => memory(table + index * 8n, 0x2_9007n);
const path: Part = [
  memory(slot(0x2_9000n, 3, high), 0x2_a007n),
  memory(slot(0x2_a000n, 2, high), 0x2_b007n),
  memory(slot(0x2_b000n, 1, high), 0x9_0007n),
];

const edges: readonly SmallCase[] = [
  againstBug("top-bit-not-in-key", scalable, [
    ready,
    linked(256n, firstStage.l4),
    path,
    memory(slot(firstStage.l3, 3, low), firstStage.l2 | 7n),
    memory(slot(firstStage.l2, 2, low), firstStage.l1 | 7n),
    memory(slot(firstStage.l1, 1, low), data | 7n),
    announce(pasidIotlb(1, first)),
    readsAs(first, low),
    readsAs(first, high),
  ]),
  againstBug("no-write-ignored", scalable, [deviceBooted, asks("read", gva, { pasid: first })]),
  againstBug("answer-to-anybody", scalable, [
    deviceBooted,
    write8(at.pqa, pageQueue),
    asksFor(gva),
    announce(pageResponse({ rid: 0x28 })),
  ]),
];

/** Cases for seeded bugs about requests of scalable mode. */
export const requestMistakes: readonly SmallCase[] = [...requests, ...edges];
