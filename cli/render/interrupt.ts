import { formatSourceId, hex } from "../../events/address.ts";
import {
  deliveryModes,
  descriptorAddress,
  destinationOf,
  interruptEntryReserved,
  isPosted,
  PostedEntry,
  RemappedEntry,
} from "../../events/interrupt/interrupt-entry.ts";
import type { InterruptTrail, Noted } from "../../history/interrupt-trail.ts";
import type { Unseen } from "../../history/unseen.ts";
import type { Guest } from "../../projections/guest.ts";
import {
  interruptEntryAddress,
  readInterruptEntry,
} from "../../projections/interrupt/interrupt-entry.ts";
import { radixGet } from "../../tables/radix.ts";
import type { Terminal } from "../terminal.ts";
import { fieldsText } from "./event.ts";
import { renderPairs } from "./table.ts";
import { seenOnce, waitTitle } from "./unseen.ts";

/** Who may use an entry, in words. */
export function sendersOf(entry: bigint): string {
  const { svt, sid, sq } = RemappedEntry.decode(entry);
  const { none, source, bus } = RemappedEntry.fields.svt.names;
  if (svt === none) return "any source-id";
  if (svt === bus) return `buses ${hex(sid >> 8)} to ${hex(sid & 0xff)}`;
  if (svt !== source) return "nobody (SVT is reserved)";
  const bits = ["", " without bit 2", " without bits 2:1", " without bits 2:0"][sq] ?? "";
  return `source-id ${formatSourceId(sid)}${bits}`;
}

/** What an entry does, in words. */
export function effectOf({ profile, interruptTable }: Guest, entry: bigint): string {
  const { present, dst, vector, dlm, dm, tm, rh } = RemappedEntry.decode(entry);
  if (!present) return "blocks every request with 22h: it is not present";
  if ((entry & interruptEntryReserved(profile, entry, interruptTable.eime)) !== 0n) {
    return "blocks every request with 24h: a reserved bit is set";
  }
  if (isPosted(entry)) {
    const urgent = PostedEntry.decode(entry).urg ? "urgently " : "";
    const place = hex(descriptorAddress(entry));
    return `posts vector ${hex(vector)} ${urgent}to the descriptor at ${place}`;
  }
  const to = `${dm ? "logical " : ""}APIC id ${destinationOf(dst, interruptTable.eime).toString()}`;
  const how = `${deliveryModes[dlm] ?? ""}, ${tm ? "level" : "edge"}${rh ? ", redirectable" : ""}`;
  return `delivers vector ${hex(vector)} to ${to} (${how})`;
}

function notedText(noted: Noted | undefined, none: string): string {
  if (noted === undefined) return none;
  const { seq, cause, event } = noted;
  const because = cause === undefined ? "" : `, of event ${cause.toString()}`;
  return `event ${seq.toString()}${because}: ${event.type} ${fieldsText(event)}`;
}

/** Everything about one entry of a guest's interrupt table. */
export interface InterruptPlot {
  readonly at: number;
  readonly guest: Guest;
  readonly trail: InterruptTrail;
  /** What is written to the entry and not seen yet. */
  readonly unseen: Unseen | undefined;
  /** Number of the event that wrote what the unit saw only once it was flushed. */
  readonly wrote: number | undefined;
}

/** What is the case, by name. */
function stateOf({ guest, trail }: InterruptPlot) {
  const { index } = trail;
  const { interruptTable, interruptCache } = guest;
  const inTable = index < interruptTable.count;
  const memory = inTable ? readInterruptEntry(guest, index) : undefined;
  const cached = radixGet(interruptCache, index);
  const used = inTable ? (cached?.entry ?? memory) : undefined;
  return { inTable, memory, cached, used };
}

const fieldsOf = (entry: bigint) => (isPosted(entry) ? PostedEntry : RemappedEntry).decode(entry);

/** The same for programs. */
export function interruptJson(plot: InterruptPlot): object {
  const { at, guest, trail, unseen } = plot;
  const { inTable, memory, cached, used } = stateOf(plot);
  const { index, ...events } = trail;
  return {
    at,
    index,
    remapping: guest.charts.remapping,
    table: guest.interruptTable,
    inTable,
    address: interruptEntryAddress(guest.interruptTable, index),
    memory,
    cached: cached ?? null,
    unseen: unseen ?? null,
    ...(used === undefined
      ? {}
      : { fields: fieldsOf(used), does: effectOf(guest, used), senders: sendersOf(used) }),
    ...(guest.charts.remapping === "enabled" ? {} : { does: passing }),
    ...events,
  };
}

function cacheText({ cached, memory }: ReturnType<typeof stateOf>): string {
  if (cached === undefined) return "not remembered; the next request reads memory";
  const since = `remembered since event ${cached.since.toString()}`;
  return cached.entry === memory ? since : `${since}, and memory says something else now`;
}

const passing = "remapping is off: requests are delivered as they are";

const unseenText = ({ seq, value, waits }: Unseen): string =>
  `${hex(value)}, by event ${seq.toString()}: ${seenOnce[waits]}`;

/** Who wrote the entry, and whether that was before the table was there. */
function writtenText({ guest, trail, unseen, wrote }: InterruptPlot): string {
  const { written, latched } = trail;
  if (guest.interruptTable.count === 0) return "nobody: no table is set";
  const none = unseen === undefined ? "nobody" : "nobody, as far as the unit can see";
  const earlier = wrote === undefined ? "" : `, of what the CPU wrote at event ${wrote.toString()}`;
  const text = `${notedText(written, none)}${earlier}`;
  if (written === undefined || latched === undefined || written.seq > latched.seq) return text;
  return `${text}, before the table was set at event ${latched.seq.toString()}`;
}

/** The story of one entry for people. */
export function renderInterrupt(terminal: Terminal, plot: InterruptPlot): string {
  const { at, guest, trail } = plot;
  const { interruptTable, charts } = guest;
  const state = stateOf(plot);
  const title = `interrupt entry ${trail.index.toString()} after event ${at.toString()}`;
  const pairs: (readonly [string, string])[] = [
    ["remapping", charts.remapping],
    ["table", `${interruptTable.count.toString()} entries at ${hex(interruptTable.address)}`],
    ["destinations", interruptTable.eime ? "32 bits (EIME)" : "8 bits"],
  ];
  const isOn = charts.remapping === "enabled";
  const beyond = isOn ? "beyond the table: requests fault with 21h" : passing;
  if (!state.inTable) pairs.push(["entry", beyond]);
  else {
    const { memory } = state;
    const address = hex(interruptEntryAddress(interruptTable, trail.index));
    pairs.push(["entry", `${memory === undefined ? "cannot be read" : hex(memory)} at ${address}`]);
    pairs.push(["cache", cacheText(state)]);
    const { unseen } = plot;
    if (unseen !== undefined) pairs.push([waitTitle[unseen.waits], unseenText(unseen)]);
  }
  if (state.used !== undefined) {
    const fields = Object.entries(fieldsOf(state.used)).map(
      ([name, value]) => `${name}=${typeof value === "boolean" ? Number(value) : hex(value)}`,
    );
    const effect = effectOf(guest, state.used);
    pairs.push(["fields", fields.join(" ")]);
    pairs.push(["does", isOn ? effect : `${passing}; once it is on: ${effect}`]);
    pairs.push(["for", sendersOf(state.used)]);
  }
  pairs.push(["table set by", notedText(trail.latched, "nobody")]);
  pairs.push(["written by", writtenText(plot)]);
  pairs.push(["announced by", notedText(trail.announced, "nothing since it was written")]);
  pairs.push(["last invalidated", notedText(trail.invalidated, "never")]);
  pairs.push(["requests", trail.uses.toString()]);
  pairs.push(["last request", notedText(trail.used, "none")]);
  return `${terminal.colours.bold(title)}\n${renderPairs(terminal, pairs)}`;
}
