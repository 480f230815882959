import { at } from "../events/registers/offset.ts";
import {
  answers,
  asks,
  asksFor,
  deviceBooted,
  forgetPasidPage,
  pageQueue,
  pageResponse,
  uses,
} from "../properties/examples/device-driver.ts";
import { memory, write8 } from "../properties/examples/driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import {
  dids,
  firstStage,
  gva,
  pasids,
  slot,
  user,
} from "../properties/examples/scalable-driver.ts";
import { announce, pasidIotlb } from "../properties/examples/scalable-queue.ts";
import { looks, note, reaches } from "./nesting-steps.ts";

/** A page of the process that is not there yet: its entry, what fills it, and who asks. */
const absent = gva + 0x1000n;
const absentEntry = slot(firstStage.l1, 1, absent);
const process = { pasid: pasids.firstStage };

/** A device asks for a page, is given it, and has to give it back. */
export const pageRequest: Inputs = [
  looks,
  note("It builds its tables, lets 00:04.0 use a TLB of its own, and has a page request queue."),
  deviceBooted,
  write8(at.pqa, pageQueue),
  note("The device asks for the translation of a page that is not there: no fault."),
  asks("write", absent, process),
  note("It asks the guest for the page, and waits."),
  asksFor(absent, { write: true }),
  note("The guest maps the page, announces nothing, and answers the group."),
  memory(absentEntry, 0x9000n | user),
  announce(pageResponse()),
  note("Now the device is given the page, and uses it by its own TLB."),
  asks("write", absent, process),
  reaches(uses("write", absent, process), 0x9000n),
  note("The guest takes the page back: its entry, the IOTLB, and last the device's TLB."),
  memory(absentEntry, 0n),
  announce(pasidIotlb(dids.firstStage, pasids.firstStage), 1),
  reaches(uses("read", absent, process), 0x9000n),
  announce(forgetPasidPage(pasids.firstStage, absent), 2),
  answers(),
  note("Only from here on the device cannot reach the page."),
  asks("read", absent, process),
];
