import type { ASTNode } from "@marcbachmann/cel-js";
import { parseSourceId } from "../../events/address.ts";
import type { Chunk } from "../columns/chunk.ts";
import { deviceMark, hasEvent, mayHavePage } from "../columns/chunk.ts";
import { eventNames, inputNames } from "../columns/event-column.ts";
import { addressComparison } from "./address-test.ts";
import type { EventView } from "./environment.ts";
import { callsEvent, namesIn, programOfNode } from "./environment.ts";

type ChunkTest = (chunk: Chunk) => boolean;

const always: ChunkTest = () => true;

const kinds: readonly string[] = ["event", "input", "fact"];

const kindValue = (name: string, number: number): string | null => {
  const isInput = number < inputNames;
  if ((name === "input" && !isInput) || (name === "fact" && isInput)) return null;
  return eventNames[number] ?? null;
};

/** A part that only the event's name decides: a chunk without such names has none. */
function kindTest(node: ASTNode): ChunkTest {
  const program = programOfNode(node);
  const wanted = eventNames.flatMap((_, number) => {
    const view: EventView = {
      valueOf: (name) => kindValue(name, number),
      writes: () => false,
      changes: () => false,
    };
    return program(view) === true ? [number] : [];
  });
  return (chunk) => hasEvent(chunk, wanted);
}

/** `device == "00:04.0"`: a chunk without the device has none. */
function deviceTest(node: ASTNode): ChunkTest | undefined {
  if (node.op !== "==") return undefined;
  const [left, right] = node.args;
  const [name, value] = left.op === "id" ? [left, right] : [right, left];
  if (name.op !== "id" || value.op !== "value" || typeof value.args !== "string") return undefined;
  if (name.args !== "device" && name.args !== "source") return undefined;
  const source = parseSourceId(value.args);
  const mark = source === undefined ? 0 : deviceMark(source);
  return (chunk) => (chunk.devices & mark) !== 0;
}

const pageBytes = 4096n;
const mostPages = 16n;

/** `writes(0x1000, 8)`: a chunk that writes to none of the pages has none. */
function writesTest(node: ASTNode): ChunkTest | undefined {
  if (node.op !== "call" || node.args[0] !== "writes") return undefined;
  const [from, length] = node.args[1].map((one) => (one.op === "value" ? one.args : undefined));
  if (typeof from !== "bigint" || from < 0n) return undefined;
  const bytes = node.args[1].length === 1 ? 1n : length;
  if (typeof bytes !== "bigint" || bytes < 1n) return undefined;
  const [first, last] = [from / pageBytes, (from + bytes - 1n) / pageBytes];
  if (last - first >= mostPages) return undefined;
  const pages = Array.from({ length: Number(last - first) + 1 }, (_, at) => Number(first) + at);
  return (chunk) => pages.some((page) => mayHavePage(chunk, "gpa", page));
}

/** `iova == 0x1000`: a chunk without the page has none. */
function pageTest(node: ASTNode): ChunkTest | undefined {
  const found = addressComparison(node);
  if (found?.op !== "==" || found.column !== "iova") return undefined;
  const page = Number(found.limit / pageBytes);
  return (chunk) => mayHavePage(chunk, "iova", page);
}

/** What a chunk must have if an event in it is to fit: true says nothing. */
export function chunkTestOf(node: ASTNode): ChunkTest {
  const names = namesIn(node);
  const isKind = names.length > 0 && names.every((name) => kinds.includes(name));
  if (isKind && !callsEvent(node)) return kindTest(node);
  if (node.op === "&&" || node.op === "||") {
    const [left, right] = [chunkTestOf(node.args[0]), chunkTestOf(node.args[1])];
    return node.op === "&&"
      ? (chunk) => left(chunk) && right(chunk)
      : (chunk) => left(chunk) || right(chunk);
  }
  return deviceTest(node) ?? writesTest(node) ?? pageTest(node) ?? always;
}
