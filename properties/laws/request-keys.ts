import { pageOf } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import type { Key } from "../oracle/oracle.ts";
import type { Asked } from "../oracle/resolve.ts";
import type { Run } from "./run.ts";
import { guestIndex } from "./run.ts";

const maxKeys = 12;

type Request = Extract<Input, { type: "Dma" | "DmaIssue" }>;

/** Whether the IOMMU translates for an input, rather than the device itself. */
export const isRequest = (input: Input): input is Request =>
  (input.type === "Dma" || input.type === "DmaIssue") && input.translated !== true;

type Question = Extract<Input, { type: "AtsRequest" | "DeviceTranslate" }>;

/** Whether a device, or its model, asks for a translation. */
export const isQuestion = (input: Input): input is Question =>
  input.type === "AtsRequest" || input.type === "DeviceTranslate";

/**
 * The source-ids that devices' requests carry, as set-up and assignments say; by guest and device.
 */
type Aliases = Map<string, number>;

function aliasesAtStart({ setup }: Run): Aliases {
  const aliases: Aliases = new Map();
  for (const [index, { devices }] of setup.guests.entries()) {
    for (const { device, alias } of devices) aliases.set(`${index}:${device}`, alias ?? device);
  }
  return aliases;
}

function keyOf(aliases: Aliases, input: Request | Question): Key {
  const guest = input.guest ?? 0;
  const sid = aliases.get(`${guest}:${input.device}`) ?? input.device;
  const { pasid } = input;
  return { guest, sid, page: pageOf(input.iova), ...(pasid === undefined ? {} : { pasid }) };
}

/** What a request carries besides. */
export const rightsOf = (input: Input): Asked =>
  isRequest(input) || isQuestion(input)
    ? { privileged: input.privileged, execute: input.execute }
    : {};

/** Follows up what was assigned in a step. */
function assignIn(aliases: Aliases, step: Step): void {
  for (const fact of step.facts) {
    if (fact.type !== "DeviceAssigned") continue;
    aliases.set(`${guestIndex(fact)}:${fact.device}`, fact.alias ?? fact.device);
  }
}

/** Keys by the number of the input that they are of. */
type Keys = Map<number, Key>;

/** The keys of every request of a run, and those of every question. */
export function requestsOf(run: Run): Readonly<Record<"requests" | "questions", Keys>> {
  const aliases = aliasesAtStart(run);
  const [requests, questions]: [Keys, Keys] = [new Map(), new Map()];
  for (const step of run.steps) {
    const { input, seq } = step;
    if (isRequest(input)) requests.set(seq, keyOf(aliases, input));
    else if (isQuestion(input)) questions.set(seq, keyOf(aliases, input));
    assignIn(aliases, step);
  }
  return { requests, questions };
}

/** The first keys of some of the run's requests, so many for each guest at most. */
export function keysOf(run: Run, requests: Iterable<Key>, most = maxKeys): readonly Key[] {
  const keys = new Map<string, Key>();
  const counts = new Map<number, number>();
  for (const key of requests) {
    const name = `${key.guest}:${key.sid}:${key.pasid ?? ""}:${key.page}`;
    const count = counts.get(key.guest) ?? 0;
    if (keys.has(name) || count >= most || run.start.guests[key.guest] === undefined) continue;
    counts.set(key.guest, count + 1);
    keys.set(name, key);
  }
  return [...keys.values()];
}
