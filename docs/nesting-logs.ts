import { encodeHeader, encodeInput } from "../events/log/log.ts";
import type { Setup } from "../events/setup.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import { deviceUnit } from "../properties/examples/device-driver.ts";
import { iotlbOfDomain, iotlbOfPage, memory } from "../properties/examples/driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import { flat } from "../properties/examples/given.ts";
import {
  below,
  data,
  dids,
  firstStage,
  firstStageTables,
  gva,
  nestedEntry,
  other,
  pasidDma,
  pasidEntry,
  pasids,
  readsAs,
  readWrite,
  scalableOn,
  scalableTables,
  scalableUnit,
  secondStage,
  secondStageEntry,
  slot,
  user,
  writesAs,
} from "../properties/examples/scalable-driver.ts";
import {
  announce,
  onePasid,
  pasidIotlb,
  scalableQueue,
} from "../properties/examples/scalable-queue.ts";
import { extendedLogs } from "./extended-logs.ts";
import { faults, looks, note, reaches } from "./nesting-steps.ts";
import { pageRequest } from "./page-request-inputs.ts";

/** Boots: tables, root pointer, translation, queue. */
const boots = (...tables: readonly Inputs[]): Inputs => [
  looks,
  note("It builds its tables and turns translation and the queue on."),
  ...tables,
  scalableOn,
  scalableQueue,
];

/** The address of the second stage, or without PASID, that reaches `data`. */
const gIova = below + data;

const withoutPasid = pasidDma("write", gIova, {}, other);

/** The guest turns nesting on for one PASID; what the unit makes of it is a matter of ECAP.NEST. */
const nestingOff: Inputs = [
  boots(scalableTables, pasidEntry(pasids.nested, { present: false })),
  note("00:04.0 uses the process of PASID 0x41, 00:05.0 a domain of its own, without PASID."),
  reaches(readsAs(pasids.firstStage, gva), data),
  reaches(withoutPasid, data),
  note("The guest turns nesting on for PASID 0x43, announces it, and the device uses it."),
  pasidEntry(pasids.nested, nestedEntry()),
  announce(onePasid(dids.nested, pasids.nested)),
  faults(readsAs(pasids.nested, gva), 0x5b),
  note("The device's other PASID and the other device go on."),
  reaches(writesAs(pasids.firstStage, gva), data),
  reaches(withoutPasid, data),
];

const secondLeaf = slot(secondStage.l1, 1, gIova);

const nestingOn: Inputs = [
  boots(scalableTables, firstStageTables(below)),
  note("00:04.0 uses PASID 0x43: first stage over second stage, both the guest's."),
  reaches(writesAs(pasids.nested, gva), data),
  note("The guest moves the page in its second stage and has not announced it yet."),
  memory(secondLeaf, 0x9000n | readWrite),
  reaches(readsAs(pasids.nested, gva), data),
  note("Now it has: an IOTLB invalidation of the domain's page."),
  announce(iotlbOfPage(dids.nested, gIova)),
  reaches(readsAs(pasids.nested, gva), 0x9000n),
  note("The guest takes the first stage's last table away from its second stage."),
  memory(slot(secondStage.l1, 1, below + firstStage.l1), 0n),
  announce(iotlbOfDomain(dids.nested), 1),
  faults(readsAs(pasids.nested, gva), 0x76),
];

/** Another page for the process and for the second stage, each next to the first one. */
const nextGva = gva + 0x1000n;
const nextBelow = below + 0x4_0000n;

const sharing: Inputs = [
  boots(scalableTables),
  note("PASID 0x41 is a first stage, PASID 0x42 a second stage. Each is used."),
  reaches(readsAs(pasids.firstStage, gva), data),
  reaches(readsAs(pasids.secondStage, gIova), data),
  note("Neither has the next page. Both requests fault, and no one repeats them."),
  faults(readsAs(pasids.firstStage, nextGva), 0x71),
  faults(readsAs(pasids.secondStage, nextBelow, other), 0x79),
  note("The guest maps both, and announces neither."),
  memory(slot(firstStage.l1, 1, nextGva), 0x9000n | user),
  memory(slot(secondStage.l1, 1, nextBelow), 0x9000n | readWrite),
  reaches(writesAs(pasids.firstStage, nextGva), 0x9000n),
  faults(readsAs(pasids.secondStage, nextBelow, other), 0x79),
  note("Now it announces the second stage's."),
  announce(iotlbOfPage(dids.secondStage, nextBelow)),
  reaches(readsAs(pasids.secondStage, nextBelow), 0x9000n),
  note("What the first stage no longer maps is used until that is announced."),
  memory(slot(firstStage.l1, 1, nextGva), 0n),
  reaches(writesAs(pasids.firstStage, nextGva), 0x9000n),
  announce(pasidIotlb(dids.firstStage, pasids.firstStage), 1),
  faults(writesAs(pasids.firstStage, nextGva), 0x71),
];

const noSecondStage: Inputs = [
  boots(scalableTables),
  note("First-stage translation works; a PASID entry that asks for a second stage is invalid."),
  reaches(readsAs(pasids.firstStage, gva), data),
  pasidEntry(pasids.secondStage, secondStageEntry()),
  faults(readsAs(pasids.secondStage, gIova), 0x5b),
];

/** Tables for one more address: an entry in the top table, and a page for each level below. */
const path = (top: bigint, first: bigint, address: bigint, gpa: bigint, bits: bigint): Inputs => [
  memory(slot(top, 4, address), first | bits),
  memory(slot(first, 3, address), (first + 0x1000n) | bits),
  memory(slot(first + 0x1000n, 2, address), (first + 0x2000n) | bits),
  memory(slot(first + 0x2000n, 1, address), gpa | bits),
];

/** Addresses that a driver may choose, and some that it may not. */
const anywhere = 0xdead_beef_d000n;
const upperHalf = 0xffff_8000_1234_5000n;
const interruptPage = 0xfee0_1000n;

const addresses: Inputs = [
  boots(
    scalableTables,
    path(secondStage.l4, 0x5_0000n, anywhere, data, readWrite),
    path(firstStage.l4, 0x5_3000n, upperHalf, data, user),
    memory(slot(firstStage.l3, 3, interruptPage), 0x5_6000n | user),
    memory(slot(0x5_6000n, 2, interruptPage), 0x5_7000n | user),
    memory(slot(0x5_7000n, 1, interruptPage), data | user),
  ),
  note("Addresses that mean nothing to anybody but the driver: second stage, first stage."),
  reaches(readsAs(pasids.secondStage, anywhere), data),
  reaches(readsAs(pasids.firstStage, upperHalf), data),
  note("Too wide for the second stage; not canonical for the first."),
  faults(readsAs(pasids.secondStage, 1n << 48n), 0x84),
  faults(readsAs(pasids.firstStage, 1n << 47n, other), 0x80),
  note("The interrupt range: with PASID an address, without an interrupt, passed through none."),
  reaches(writesAs(pasids.firstStage, interruptPage), data),
  pasidDma("write", interruptPage, {}),
  faults(writesAs(pasids.passThrough, interruptPage), 0x87),
];

/** A log of what the outside did, numbered as the program numbers it. */
export function logOf(setup: Setup, inputs: Inputs): string {
  let world = createWorld(setup);
  const lines = [encodeHeader(setup)];
  for (const input of flat(inputs)) {
    lines.push(encodeInput(world.seq + 1, input));
    world = fold(world, input).world;
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Every example log of docs/nesting.md: its name under docs/ and its text. */
export const nestingLogs = (): ReadonlyMap<string, string> =>
  new Map([
    ["nesting/nest-off.ndjson", logOf(scalableUnit({ ecap: { nest: false } }), nestingOff)],
    ["nesting/nest-on.ndjson", logOf(scalableUnit(), nestingOn)],
    ["nesting/addresses.ndjson", logOf(scalableUnit({ ecap: { nest: false } }), addresses)],
    ["nesting/page-request.ndjson", logOf(deviceUnit({ ecap: { nest: false } }), pageRequest)],
    ["nesting/sharing.ndjson", logOf(scalableUnit({ ecap: { nest: false } }), sharing)],
    [
      "nesting/no-second-stage.ndjson",
      logOf(scalableUnit({ cap: { sagaw: 0 }, ecap: { ssts: false, nest: false } }), noSecondStage),
    ],
    ...extendedLogs.map(([name, setup, inputs]) => [name, logOf(setup, inputs)] as const),
  ]);
