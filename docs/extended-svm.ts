import { profiles } from "../events/profile/profiles.ts";
import { ContextCacheDescriptor } from "../events/queue/descriptors.ts";
import { ExtendedGroupResponseDescriptor } from "../events/queue/extended-layouts.ts";
import { at } from "../events/registers/offset.ts";
import type { Setup } from "../events/setup.ts";
import {
  answers,
  asks,
  asksFor,
  forgetPasidPage,
  forgetPasidRange,
  pageQueue,
  uses,
} from "../properties/examples/device-driver.ts";
import { iotlbOfDomain, iotlbOfPage, memory, write8 } from "../properties/examples/driver.ts";
import {
  announce,
  context,
  dids,
  extendedIotlb,
  extendedOn,
  extendedQueue,
  extendedTypes,
  extendedUnit,
  iotlb,
  onePasid,
  own,
  pasidEntry,
} from "../properties/examples/extended-driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import {
  below,
  contextTable,
  data,
  firstStage,
  firstStageTables,
  gva,
  other,
  pasidDma,
  readsAs,
  readWrite,
  scalableRoot,
  secondStage,
  secondStageTables,
  slot,
  user,
  writesAs,
} from "../properties/examples/scalable-driver.ts";
import { nvme } from "../properties/examples/unit.ts";
import { faults, looks, note, reaches } from "./nesting-steps.ts";

/** The machine of 2016 with two devices. */
function machineOf2016(): Setup {
  const { ver, cap, ecap, haw } = profiles["hardware-2016-ecs"];
  return { guests: extendedUnit().guests.map((guest) => ({ ...guest, ver, cap, ecap, haw })) };
}

/** Puts descriptors into the queue one after the other. */
function newSender(): (...descriptors: readonly bigint[]) => Inputs {
  let sent = 0;
  return (...descriptors) => descriptors.map((one) => announce(one, sent++));
}
const sends = newSender();

const { device } = ContextCacheDescriptor.fields.g.names;
const contextsOf = (did: number, sid: number): bigint =>
  ContextCacheDescriptor.encode({ type: 1, g: device, did, sid });

const plain = { paside: false, pasidptr: 0n, pts: 0 } as const;
const passed = (access: "read" | "write", iova: bigint) => pasidDma(access, iova, {}, other);
const page = below + 0x4_0000n;
const absent = gva + 0x1000n;
const moreData = 0x9000n;
const process = { pasid: own };

const boot: Inputs = [
  looks,
  note("It builds extended contexts without PASIDs, and turns translation on with RTT."),
  memory(scalableRoot, contextTable | 1n, 0n),
  context(plain),
  context(plain, other),
  secondStageTables,
  extendedOn,
  extendedQueue,
  reaches(pasidDma("read", below + data, {}), data),
];

const vfio: Inputs = [
  note("VFIO maps a page for 00:05.0: under caching mode also what is new is announced."),
  faults(passed("write", page), 0x5),
  memory(slot(secondStage.l1, 1, page), moreData | readWrite),
  sends(iotlbOfPage(dids.other, page)),
  reaches(passed("write", page), moreData),
];

const bind: Inputs = [
  note("Shared memory is turned on for 00:04.0, and a process is bound to PASID 0x41."),
  context({ t: extendedTypes.all, pre: true }),
  sends(contextsOf(dids.nvme, nvme), iotlbOfDomain(dids.nvme)),
  firstStageTables(),
  pasidEntry(own),
  sends(onePasid(dids.nvme, own)),
  reaches(readsAs(own, gva), data),
  reaches(writesAs(own, gva), data),
  reaches(pasidDma("read", below + data, {}), data),
];

const answer = ExtendedGroupResponseDescriptor.encode({
  ...{ type: 9, pp: true, rid: nvme, pasid: own, prgi: 1, rc: 0 },
});

const request: Inputs = [
  note("The device asks for a page of the process that is not there, and waits."),
  write8(at.pqa, pageQueue),
  asks("write", absent, process),
  asksFor(absent, { write: true, pasid: own }),
  note("The kernel maps the page, announces nothing, and answers the group."),
  memory(slot(firstStage.l1, 1, absent), moreData | user),
  sends(answer),
  asks("write", absent, process),
  reaches(uses("write", absent, process), moreData),
  reaches(writesAs(own, absent), moreData),
  note("The process unmaps it: PASID, page and device are told."),
  memory(slot(firstStage.l1, 1, absent), 0n),
  sends(extendedIotlb({ g: iotlb.page, pasid: own }) | (absent << 64n)),
  sends(forgetPasidPage(own, absent)),
  answers(),
  faults(writesAs(own, absent), 0x17),
];

const unbind: Inputs = [
  note("The process ends: its PASID entry, all that is cached of it, the device's TLB."),
  pasidEntry(own, { present: false, flptptr: 0n }),
  sends(onePasid(dids.nvme, own), extendedIotlb({ g: iotlb.pasid, pasid: own })),
  sends(forgetPasidRange(own, 0n, 52)),
  answers(),
  faults(readsAs(own, gva), 0x11),
  reaches(pasidDma("read", below + data, {}), data),
  note("VFIO takes its page back."),
  memory(slot(secondStage.l1, 1, page), 0n),
  sends(iotlbOfPage(dids.other, page)),
  faults(passed("read", page), 0x6),
];

/** A boot, a mapping as VFIO makes it, a bound process, a page request, and the end of it. */
export const sharedMemoryOf2016 = [
  "nesting/extended-svm.ndjson",
  machineOf2016(),
  [boot, vfio, bind, request, unbind],
] as const satisfies readonly [name: string, setup: Setup, inputs: Inputs];
