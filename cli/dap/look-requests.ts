import { Buffer } from "node:buffer";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { hex } from "../../events/address.ts";
import { queueOf, queuePlaces } from "../../history/query/queue-view.ts";
import { worldAt } from "../../history/timeline/seek.ts";
import type { Guest } from "../../projections/guest.ts";
import { byteIn, pageAsWritten } from "../../tables/memory.ts";
import type { Session } from "../session/session.ts";
import { VerbError } from "../session/session.ts";
import { watchText } from "../session/stop-verbs.ts";
import type { Adapter, Handler } from "./adapter.ts";
import { sessionOf } from "./adapter.ts";
import { framesOf, guestAt } from "./frames.ts";
import { sourcesOf, sourceText } from "./source-view.ts";
import { eventItems, findingItems, guestItems } from "./state-tree.ts";
import type { Item } from "./variables.ts";
import { numberOf } from "./variables.ts";
import { watchId, watchOfId } from "./watch-id.ts";

function scopes(adapter: Adapter, { frameId }: DebugProtocol.ScopesArguments): object {
  const session = sessionOf(adapter);
  const frame = framesOf(session).find(({ id }) => id === frameId);
  if (frame === undefined) throw new VerbError("there is no such frame");
  const { variables } = adapter;
  const scope = (name: string, parts: () => readonly Item[], expensive = false): object => ({
    name,
    variablesReference: numberOf(variables, parts),
    expensive,
  });
  const guests = session.timeline.end.guests.map((_, index) =>
    scope(`Guest ${index.toString()}`, () => guestItems(session, index)),
  );
  const findings = findingItems(session, frame.seq);
  const wrong = findings.length === 0 ? [] : [scope("Broken laws", () => findings)];
  return { scopes: [scope("Event", () => eventItems(session, frame.seq)), ...wrong, ...guests] };
}

function itemsOf(adapter: Adapter, reference: number): readonly Item[] {
  const parts = adapter.variables.shown.get(reference);
  if (parts === undefined) throw new VerbError("there are no such variables, or no more");
  return parts();
}

function variables(
  adapter: Adapter,
  { variablesReference, start = 0, count = 0 }: DebugProtocol.VariablesArguments,
): object {
  sessionOf(adapter);
  const items = itemsOf(adapter, variablesReference);
  const wanted = items.slice(start, count > 0 ? start + count : items.length);
  return {
    variables: wanted.map(({ name, value, evaluateName, memoryReference, parts }) => ({
      name,
      value,
      variablesReference: parts === undefined ? 0 : numberOf(adapter.variables, parts),
      ...(evaluateName === undefined ? {} : { evaluateName }),
      ...(memoryReference === undefined ? {} : { memoryReference }),
    })),
  };
}

/** What of the state can be watched: a register, a guest word, the translation of a page. */
function dataBreakpointInfo(
  adapter: Adapter,
  { variablesReference, name }: DebugProtocol.DataBreakpointInfoArguments,
): object {
  sessionOf(adapter);
  const item =
    variablesReference === undefined
      ? undefined
      : itemsOf(adapter, variablesReference).find((one) => one.name === name);
  const watch = item === undefined ? watchOfId(name) : item.watch;
  const dataId = watch && watchId(watch);
  if (watch === undefined || dataId === undefined) {
    return { dataId: null, description: `${name}: nothing that can be watched` };
  }
  return { dataId, description: watchText(watch), accessTypes: ["write"], canPersist: true };
}

function source(adapter: Adapter, args: DebugProtocol.SourceArguments): object {
  const reference = args.source?.sourceReference ?? args.sourceReference;
  return { content: sourceText(sessionOf(adapter), reference), mimeType: "text/plain" };
}

function guestOf(session: Session): Guest {
  const guest = worldAt(session.timeline, session.at)?.guests[guestAt(session)];
  if (guest === undefined) throw new VerbError("there is no guest");
  return guest;
}

function addressOf(reference: string, offset: number): bigint {
  if (!/^0x[0-9a-f]{1,16}$/i.test(reference) || !Number.isSafeInteger(offset)) {
    throw new VerbError(`${reference}: no address of guest memory`);
  }
  return BigInt(reference) + BigInt(offset);
}

const mostInstructions = 5000;

/** @throws VerbError when so many things of a name are not shown at once. */
function checkCount(count: number, most: number, name: string): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new VerbError(`${count.toString()} is no number of ${name}`);
  }
  if (count > most) throw new VerbError(`too many ${name}: at most ${most.toString()} at once`);
}

/** The invalidation queue as instructions: each descriptor is one. */
function disassemble(adapter: Adapter, args: DebugProtocol.DisassembleArguments): object {
  const { memoryReference, offset = 0, instructionOffset = 0, instructionCount } = args;
  checkCount(instructionCount, mostInstructions, "instructions");
  if (!Number.isSafeInteger(instructionOffset)) {
    throw new VerbError("instructionOffset: expected a whole number");
  }
  const guest = guestOf(sessionOf(adapter));
  const { base, bytes, step } = queueOf(guest);
  const from = addressOf(memoryReference, offset) - base;
  const first = Number(from / BigInt(step)) + instructionOffset;
  const places = queuePlaces(guest, 0, bytes / step);
  const instructions = Array.from({ length: instructionCount }, (_, index) => {
    const place = places[first + index];
    const address = base + BigInt((first + index) * step);
    if (place === undefined || from < 0n) {
      const shown = address < 0n ? 0n : address;
      return { address: hex(shown), instruction: "outside the queue", presentationHint: "invalid" };
    }
    const marks = [place.isHead ? "head" : "", place.isTail ? "tail" : ""].filter(Boolean);
    return {
      address: hex(address),
      instructionBytes: place.word.toString(16).padStart(step * 2, "0"),
      instruction: `${place.word === 0n ? "0" : place.text}${place.isWaiting ? "  ; waits" : ""}`,
      ...(marks.length === 0 ? {} : { symbol: marks.join(", ") }),
    };
  });
  return { instructions };
}

const mostBytes = 65_536;

/** Guest memory as its CPU sees it. */
function readMemory(adapter: Adapter, args: DebugProtocol.ReadMemoryArguments): object {
  const { memoryReference, offset = 0, count } = args;
  checkCount(count, mostBytes, "bytes");
  const { memory } = guestOf(sessionOf(adapter));
  const from = addressOf(memoryReference, offset);
  if (from < 0n) throw new VerbError("no address of guest memory");
  const bytes = Buffer.alloc(count);
  for (let index = 0; index < count; index++) {
    const at = from + BigInt(index);
    bytes[index] = byteIn(pageAsWritten(memory, Number(at >> 12n)), Number(at & 0xfffn));
  }
  return { address: hex(from), data: bytes.toString("base64") };
}

/** Requests that show what is the case. */
export const lookRequests: Readonly<Record<string, Handler>> = {
  scopes,
  variables,
  dataBreakpointInfo,
  source,
  loadedSources: (adapter) => ({ sources: sourcesOf(sessionOf(adapter)) }),
  disassemble,
  readMemory,
};
