// Length: one table of what hosts, devices and drivers of other tables do wrong.

import type { SourceId } from "../../events/address.ts";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  cfi,
  command,
  contextEntry,
  contextsOfDevice,
  iotlbOfDomain,
  iotlbOfPage,
  ire,
  leafEntry,
  memory,
  qie,
  queue,
  reads,
  submitAt,
  topTable,
  waitStatus,
  width4,
  write8,
  writes,
} from "../../properties/examples/driver.ts";
import type { Inputs } from "../../properties/examples/given.ts";
import {
  entry,
  msi,
  oldMsi,
  pointAt,
  remapped,
  remapping,
} from "../../properties/examples/interrupt-driver.ts";
import {
  data,
  dids,
  firstStage,
  gva,
  pasids,
  readsAs,
  scalableBooted,
  scalableUnit,
  slot,
  user,
} from "../../properties/examples/scalable-driver.ts";
import { announce, pasidPage, scalableQueue } from "../../properties/examples/scalable-queue.ts";
import { nvme, unit } from "../../properties/examples/unit.ts";
import type { MadeLog } from "./made-log.ts";
import { madeLog } from "./made-log.ts";
import type { WrongDriver } from "./wrong-drivers.ts";
import { did, iova, started } from "./wrong-drivers.ts";

const wait = waitStatus(0x9000n, 1);
const other = 0x28 as SourceId;
const ofNvme = { svt: 1, sid: nvme } as const;

/** Interrupts of 00:04.0 through entry 2 of the table. */
const interrupts = (): MadeLog =>
  madeLog()
    .add(remapping)
    .add([entry(2, remapped(ofNvme)), entry(3, remapped(ofNvme))])
    .add(msi(2));
/** Invalidates interrupt entries from one on, by the descriptor at an index of the ring. */
const forget = (index: number, place = 0): Inputs =>
  submitAt(place * 16, 0x14n | (BigInt(index) << 32n), wait);
const moved = remapped({ ...ofNvme, vector: 0x52 });

/** A first stage that is in use. */
const firstStages = (): MadeLog =>
  madeLog().add([scalableBooted, scalableQueue]).add(readsAs(pasids.firstStage, gva));
const leaf = slot(firstStage.l1, 1, gva);
const wrongPasid = pasidPage(dids.firstStage, pasids.firstStage + 1, gva);
const rightPasid = pasidPage(dids.firstStage, pasids.firstStage, gva);

const readOnly = (index: number): Inputs => memory(leafEntry + BigInt(index * 8), 0x2_0001n);
const unmap = (index: number): Inputs => memory(leafEntry + BigInt(index * 8), 0n);
const passThrough = memory(contextEntry, topTable | 9n, width4(did));

/** The rest of what the audit names. */
export const wrongOthers: readonly WrongDriver[] = [
  {
    does: "delivers an interrupt by an entry that was changed",
    rule: "stale-interrupt-entry",
    at: "change",
    setup: unit(),
    wrong: () => interrupts().add(entry(2, moved), "change").add(msi(2)),
    right: () => interrupts().add(entry(2, moved)).add(forget(2)).add(msi(2)),
  },
  {
    does: "invalidates another interrupt entry than the one that it changed",
    rule: "stale-interrupt-entry",
    at: "flush",
    says: "covers interrupt entry 3; this entry is 2",
    setup: unit(),
    wrong: () => interrupts().add(entry(2, moved)).add(forget(3), "flush").add(msi(2)),
    right: () => interrupts().add(entry(2, moved)).add(forget(2)).add(msi(2)),
  },
  {
    does: "accepts an interrupt by an entry that validates no source",
    rule: "interrupt-source-unchecked",
    at: "use",
    setup: unit(),
    wrong: () => madeLog().add(remapping).add(entry(2, remapped())).add(msi(2), "use"),
    right: () => interrupts(),
  },
  {
    does: "lets an interrupt of the compatibility format pass",
    rule: "compatibility-interrupt",
    at: "use",
    setup: unit(),
    wrong: () =>
      madeLog()
        .add([pointAt(3, false), write8(at.iqa, queue), command(qie), command(qie | ire)])
        .add(command(qie | ire | cfi))
        .add(oldMsi, "use"),
    right: () => interrupts(),
  },
  {
    does: "gives a physical device all of the guest's memory",
    rule: "pass-through",
    at: "flush",
    setup: unit({ ecap: { pt: true } }),
    wrong: () =>
      started()
        .add(passThrough)
        .submit([contextsOfDevice(did, nvme), iotlbOfDomain(did), wait], "flush"),
    right: () => started(),
  },
  {
    does: "invalidates another PASID",
    rule: "wrong-pasid",
    at: "flush",
    setup: scalableUnit(),
    wrong: () =>
      firstStages()
        .add(memory(leaf, 0n))
        .add(announce(wrongPasid), "flush")
        .add(readsAs(pasids.firstStage, gva)),
    right: () => firstStages().add(memory(leaf, 0n)).add(announce(rightPasid)),
  },
  {
    does: "never announces an unmapping in a first stage",
    rule: "never-announced",
    at: "unmap",
    setup: scalableUnit(),
    wrong: () =>
      firstStages()
        .add(memory(leaf, (data + 0x1000n) | user), "unmap")
        .add(readsAs(pasids.firstStage, gva)),
    right: () =>
      firstStages()
        .add(memory(leaf, (data + 0x1000n) | user))
        .add(announce(rightPasid))
        .add(readsAs(pasids.firstStage, gva)),
  },
  {
    does: "never announces an unmapping that nobody uses",
    rule: "never-announced",
    at: "unmap",
    setup: unit(),
    wrong: () => started().add(unmap(1), "unmap").submit([wait]),
    right: () =>
      started()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait]),
  },
  {
    does: "maps an IOVA again before it announced that it unmapped it",
    rule: "iova-reused-too-early",
    at: "map",
    setup: unit(),
    wrong: () =>
      started()
        .add(unmap(1))
        .add(memory(leafEntry + 8n, 0x3_0003n), "map")
        .submit([iotlbOfPage(did, iova(1)), wait]),
    right: () =>
      started()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait])
        .add(memory(leafEntry + 8n, 0x3_0003n))
        .submit([iotlbOfPage(did, iova(1)), wait]),
  },
  {
    does: "lets a device use a page after it was unmapped",
    rule: "use-after-unmap",
    at: "use",
    setup: unit(),
    wrong: () =>
      started()
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait])
        .add(reads(iova(1)), "use"),
    right: () => started().add(reads(iova(1))),
  },
  {
    does: "lets a device write to a page that is mapped for reading",
    rule: "write-to-read-only",
    at: "use",
    setup: unit(),
    wrong: () =>
      started()
        .add(readOnly(6))
        .submit([iotlbOfPage(did, iova(6)), wait])
        .add(writes(iova(6)), "use"),
    right: () =>
      started()
        .add(readOnly(6))
        .submit([iotlbOfPage(did, iova(6)), wait])
        .add(reads(iova(6))),
  },
  {
    does: "lets a device use a page that was never mapped",
    rule: "use-of-unmapped",
    at: "use",
    setup: unit(),
    wrong: () => started().add(reads(iova(100)), "use"),
    right: () => started().add(reads(iova(1))),
  },
  {
    does: "uses a device that has no entry",
    rule: "fault",
    at: "use",
    setup: unit({
      devices: [
        { device: nvme, physical: true },
        { device: other, physical: true },
      ],
    }),
    wrong: () => started().add(reads(iova(1), other), "use"),
    right: () => started().add(reads(iova(1))),
  },
];

/** What is told and is no mistake: a rule, and a log that has it. */
export const remarks: readonly Pick<WrongDriver, "does" | "rule" | "at" | "setup" | "wrong">[] = [
  {
    does: "uses a device before translation is on",
    rule: "untranslated-use",
    at: "use",
    setup: unit(),
    wrong: () => madeLog().add(reads(0x7000n), "use").add(booted),
  },
  {
    does: "invalidates a domain for one page",
    rule: "wide-invalidation",
    at: "flush",
    setup: unit(),
    wrong: () =>
      started(16)
        .add(reads(iova(1)))
        .add(unmap(1))
        .submit([iotlbOfDomain(did), wait], "flush"),
  },
  {
    does: "maps a page for nothing",
    rule: "unused-mapping",
    at: "flush",
    setup: unit(),
    wrong: () =>
      started(16)
        .add(unmap(1))
        .submit([iotlbOfPage(did, iova(1)), wait], "flush"),
  },
];
