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
import type { ChartStates, Queue } from "../guest.ts";
import type { HostEntry } from "../host/host-entry.ts";
import { fieldOf, nullable, whole } from "./save-field.ts";

/** The states that a unit between two inputs is in; one that is not there is not saved. */
export type SavedCharts = Omit<ChartStates, "queue" | "life"> & {
  readonly queue: "disabled" | "idle" | "draining" | "halted";
  readonly life: "present";
};

export const page = integer(0, 2 ** 52 - 1);
export const domain = integer(0, 0xffff);
const reason = integer(0, 255);

export const charts = whole<SavedCharts>({
  translation: oneOf("noPointer", "disabled", "enabled"),
  queue: oneOf("disabled", "idle", "draining", "halted"),
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

export const queue = whole<Queue>({
  address: word,
  head,
  lastWasWait: flag,
  unanswered: list(asked),
});

const faultEntry = whole<FaultEntry>({
  source: device,
  reason,
  page: word,
  read: flag,
  pasid: optional(pasid),
  privileged: flag,
  execute: flag,
  request: optional(oneOf("translation", "translated")),
});
export const faults = whole<Faults>({
  records: list(nullable(faultEntry)),
  next: integer(0, 255),
  overflow: flag,
  iqe: flag,
  ice: flag,
  ite: flag,
  iqei: integer(0, 15),
  iceSource: domain,
  iteSource: domain,
  waitDone: flag,
});

export const hostEntry = whole<HostEntry>({
  source: device,
  pasid: optional(pasid),
  state: oneOf("blocked", "passThrough", "shadowed", "nested", "virtual", "refused"),
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
