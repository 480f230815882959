import { hostStates } from "../../events/fact.ts";
import {
  count,
  device,
  FieldError,
  flag,
  integer,
  length,
  list,
  oneOf,
  optional,
  word,
} from "../../events/field.ts";
import { pasid } from "../../events/input.ts";
import type { AskedInvalidation } from "../device/device-tlb.ts";
import type { FaultEntry, Faults } from "../fault/faults.ts";
import type { ChartStates } from "../guest.ts";
import type { HostEntry } from "../host/host-entry.ts";
import type { Queue } from "../queue/queue.ts";
import { fieldOf, nullable, whole } from "./save-field.ts";

/** The states that a unit between two inputs is in; one that is not there is not saved. */
export type SavedCharts = Omit<ChartStates, "life"> & { readonly life: "present" };

/** Between two inputs nothing is being fetched. */
export type SavedQueue = Omit<Queue, "state"> & {
  readonly state: Exclude<Queue["state"], "fetching">;
};

export const page = integer(0, 2 ** 52 - 1);
export const domain = integer(0, 0xffff);
const reason = integer(0, 255);

export const charts = whole<SavedCharts>({
  translation: oneOf("noPointer", "disabled", "enabled"),
  remapping: oneOf("noTable", "disabled", "enabled"),
  protection: oneOf("disabled", "enabled"),
  life: oneOf("present"),
});

/** Heads are multiples of a descriptor's 16 bytes. */
const head = fieldOf<number>(
  "byte offset of a descriptor",
  (value) => value,
  (raw) => {
    const value = integer(0, 2 ** 19 - 16).fromJson(raw);
    if (value % 16 !== 0) throw new FieldError("expected a byte offset of a descriptor");
    return value;
  },
);

const asked = whole<AskedInvalidation>({
  device,
  pasid: optional(pasid),
  global: flag,
  iova: word,
  length,
});

export const queue = whole<SavedQueue>({
  state: oneOf("disabled", "idle", "draining", "halted"),
  address: word,
  head,
  lastWasWait: flag,
  unanswered: list(asked),
  errors: whole<Queue["errors"]>({ IQE: flag, ICE: flag, ITE: flag }),
  iqei: integer(0, 15),
  iceSource: device,
  iteSource: device,
  waitDone: flag,
});

const faultEntry = whole<FaultEntry>({
  source: device,
  reason,
  page: word,
  read: flag,
  pasid: optional(pasid),
  privileged: flag,
  execute: flag,
  request: optional(oneOf("translation", "translated", "page")),
});
export const faults = whole<Faults>({
  state: oneOf("empty", "pending", "overflowed"),
  records: list(nullable(faultEntry)),
  next: integer(0, 255),
  first: optional(integer(0, 255)),
});

export const hostEntry = whole<HostEntry>({
  source: device,
  pasid: optional(pasid),
  state: oneOf(...hostStates),
  did: domain,
  reason,
  fpd: flag,
  tag: optional(pasid),
  sre: flag,
  ere: flag,
  privileged: flag,
  ats: flag,
  pri: flag,
  shadow: optional(count),
  space: optional(count),
  root: optional(page),
  levels: integer(0, 5),
  pending: count,
  pasidPending: count,
});
