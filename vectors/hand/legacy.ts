import { at } from "../../events/registers/offset.ts";
import {
  booted,
  command,
  contextEntry,
  contextsOfDevice,
  iotlbOfAll,
  leafEntry,
  memory,
  page,
  qie,
  queue,
  queueOn,
  reads,
  rootTable,
  srtp,
  submit,
  te,
  topTable,
  turnOn,
  waitStatus,
  width4,
  write8,
} from "../../properties/examples/driver.ts";
import type { SmallCase } from "../select/case.ts";
import type { Part } from "./part.ts";
import { byHand } from "./part.ts";

/** Where no memory is: beyond the first 2 GiB and before 4 GiB. */
const nowhere = 0xc000_0000n;

/** Says in memory that it is done. */
const waitDone = waitStatus(0x1_6000n, 1);

const faults: readonly SmallCase[] = [
  byHand("TR9 (1h)", "qemu-legacy", [turnOn, reads(page)]),
  byHand("TR9 (8h)", "qemu-legacy", [
    write8(at.rtaddr, nowhere),
    command(srtp),
    command(te),
    reads(page),
  ]),
  byHand("TR9 (9h)", "qemu-legacy", [memory(rootTable, nowhere | 1n), turnOn, reads(page)]),
  byHand("TR9 (ah)", "qemu-legacy", [memory(rootTable, 0x2001n | 0x10n), turnOn, reads(page)]),
];

/** Root entry and tables, without the last entry and the context entry. */
const toLeaf: Part = [
  memory(rootTable, 0x2001n, 0n),
  memory(topTable, 0x4003n),
  memory(0x4000n, 0x5003n),
  memory(0x5060n, 0x6003n),
];
const notPresent: Part = [
  toLeaf,
  memory(leafEntry, 0x7003n),
  turnOn,
  write8(at.iqa, queue),
  command(te | qie),
  reads(page),
  memory(contextEntry, topTable | 1n, width4(5)),
];
const contextsOfDomain0 = 0x21n;

const contexts: readonly SmallCase[] = [
  byHand("CX3", "qemu-legacy", [
    notPresent,
    submit(contextsOfDomain0, iotlbOfAll, waitDone),
    reads(page),
  ]),
  byHand("CX4", "qemu-legacy", [
    booted,
    queueOn,
    reads(page),
    memory(contextEntry, topTable | 1n, width4(6)),
    submit(contextsOfDevice(5, 0x24, 1), iotlbOfAll, waitDone),
    reads(page),
  ]),
];

const records: readonly SmallCase[] = [
  byHand("FA7 (leaves)", "qemu-legacy", [
    turnOn,
    reads(page),
    write8(0x228, 0n),
    write8(0x228, 1n << 63n),
  ]),
  byHand("FA9 (not present)", "qemu-legacy", [
    memory(rootTable, 0x2001n, 0n),
    memory(contextEntry, 0x2n, 0n),
    turnOn,
    reads(page),
  ]),
];

/** Tables of legacy mode, and the faults of them. */
export const legacyByHand: readonly SmallCase[] = [...faults, ...contexts, ...records];
