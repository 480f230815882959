import type { Input } from "../../events/input.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { at, iotlbAt } from "../../events/registers/offset.ts";
import {
  booted,
  cfi,
  command,
  contextEntry,
  contextsOfAll,
  deviceTlbOf,
  ire,
  leafEntry,
  memory,
  page,
  qie,
  queue,
  reads,
  rootTable,
  sirtp,
  submit,
  submitAt,
  topTable,
  turnOn,
  waitInterrupt,
  waitStatus,
  wbf,
  width4,
  write,
  write8,
  writes,
} from "../../properties/examples/driver.ts";
import type { SmallCase } from "../select/case.ts";
import type { Part } from "./part.ts";
import { byHand } from "./part.ts";

/** Where no memory is: beyond the first 2 GiB and before 4 GiB. */
const nowhere = 0xc000_0000n;
const queueOff = [write8(at.iqa, queue), command(qie)];

/** Says in memory that it is done. */
const waitDone = waitStatus(0x1_6000n, 1);

/** Root entry and tables, without the last entry and the context entry. */
const toLeaf: Part = [
  memory(rootTable, 0x2001n, 0n),
  memory(topTable, 0x4003n),
  memory(0x4000n, 0x5003n),
  memory(0x5060n, 0x6003n),
];

const interruptTable = 0x9000n;
const interruptsOn: Part = [write8(at.irta, interruptTable | 3n), command(sirtp), command(ire)];
const compatible = (data: number): Input => ({
  type: "MsiRequest",
  device: 0x20 as never,
  address: 0xfee0_1000n,
  data,
});

const commands: readonly SmallCase[] = [
  byHand("GC10", "hardware-2016", [
    interruptsOn,
    compatible(0x41),
    command(ire | cfi),
    compatible(0x42),
    command(ire),
    compatible(0x43),
  ]),
  byHand("GC11 (executed)", "hardware-2008", [command(wbf)]),
  byHand("RI4", "hardware-2016-caching", [
    booted,
    write8(iotlbAt(profiles["hardware-2016-caching"]) - 8, page | 0x3fn),
    write8(iotlbAt(profiles["hardware-2016-caching"]), (1n << 63n) | (3n << 60n) | (5n << 32n)),
  ]),
  byHand("RI7", "qemu-legacy", [
    booted,
    reads(page),
    write8(at.ccmd, (1n << 63n) | (3n << 61n) | (0x20n << 16n) | 5n),
  ]),
  byHand("PR2", "hardware-2016", [
    write(at.plmbase, 0x20_0000n),
    write(at.plmlimit, 0x20_0000n),
    write(at.pmen, 0x8000_0000n),
    reads(0x20_0000n),
    writes(0x3f_fff8n),
    reads(0x40_0000n),
    write(at.pmen, 0n),
    reads(0x20_0000n),
  ]),
  byHand("PR3", "hardware-2016", [write(at.plmbase, 0xffff_ffffn), write(at.plmlimit, 0x12_3456n)]),
  byHand("PR4", "hardware-2016", [
    memory(rootTable, 0x2001n, 0n),
    memory(contextEntry, 0x9n, width4(5)),
    turnOn,
    reads(0x20_0000n),
    write(at.plmbase, 0x20_0000n),
    write(at.plmlimit, 0x20_0000n),
    write(at.pmen, 0x8000_0000n),
    reads(0x20_0000n),
    reads(0x40_0000n),
  ]),
  byHand("PR5", "hardware-2016", [
    toLeaf,
    memory(contextEntry, topTable | 1n, width4(5)),
    memory(leafEntry, 0x20_0003n),
    turnOn,
    write(at.plmbase, 0x20_0000n),
    write(at.plmlimit, 0x20_0000n),
    write(at.pmen, 0x8000_0000n),
    writes(page),
  ]),
  byHand("PR6", "hardware-2016", [
    write8(at.phmbase, 0x1_2345_6789n),
    write8(at.phmlimit, 0xffff_ffff_ffff_ffffn),
  ]),
];

const queues: readonly SmallCase[] = [
  byHand("IQ3", "qemu-legacy", [queueOff, command(0n)]),
  byHand("IQ4", "qemu-legacy", [
    memory(queue, contextsOfAll, 0n, waitDone, 0n),
    write8(at.iqa, queue),
    write8(at.iqt, 0x20n),
    command(qie),
  ]),
  byHand("IQ10 (fetch)", "qemu-legacy", [
    write8(at.iqa, nowhere),
    command(qie),
    write8(at.iqt, 0x10n),
  ]),
  byHand("IQ10 (width)", "hardware-2016", [
    write8(at.iqa, queue | 0x800n),
    command(qie),
    write8(at.iqt, 0x20n),
  ]),
  byHand("IQ10 (alignment)", "qemu-scalable", [
    write8(at.iqa, queue | 0x800n),
    command(qie),
    write8(at.iqt, 0x10n),
  ]),
  byHand("IQ17", "everything", [
    queueOff,
    submit(deviceTlbOf(0x20), waitDone),
    write8(at.iqt, 0x7fff0n & 0xffff0n),
    { type: "DeviceTlbAnswer", device: 0x20 as never, result: "done" },
  ]),
  byHand("EV1", "qemu-legacy", [
    write(at.iedata, 0x41n),
    write(at.ieaddr, 0xfee0_0000n),
    queueOff,
    submit(waitInterrupt),
    write(at.iectl, 0n),
  ]),
  byHand("EV2", "qemu-legacy", [
    write(at.iedata, 0x41n),
    write(at.ieaddr, 0xfee0_0000n),
    write(at.iectl, 0n),
    queueOff,
    submit(waitInterrupt),
    submitAt(16, waitInterrupt),
    write(at.ics, 1n),
    submitAt(32, waitInterrupt),
  ]),
  byHand("EV3", "qemu-legacy", [
    queueOff,
    submit(waitInterrupt),
    write(at.ics, 1n),
    write(at.iectl, 0n),
  ]),
];

/** Commands, protected memory, the queue and its events. */
export const registersByHand: readonly SmallCase[] = [...commands, ...queues];
