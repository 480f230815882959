import type { Input } from "../../events/input.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { newByteReader, newByteWriter } from "./byte-writer.ts";
import { packInput, unpackInput } from "./packed-input.ts";

/** Inputs that are read together. */
export const blockInputs = 256;
const keptBlocks = 16;

/**
 * Inputs in their order, in about the bytes that they say something with: ten million of them as
 * objects would not fit. Read by their place, a block at a time.
 */
export interface InputStore {
  /** Whole blocks. */
  readonly blocks: Uint8Array[];
  /** The block that is being written. */
  open: ByteWriter;
  count: number;
  /** Blocks that were read last, the newest last. */
  readonly read: Map<number, readonly Input[]>;
}

export const newInputStore = (): InputStore => ({
  blocks: [],
  open: newByteWriter(),
  count: 0,
  read: new Map(),
});

/** Adds an input at the end. */
export function addInput(store: InputStore, input: Input): void {
  packInput(store.open, input);
  store.count += 1;
  if (store.count % blockInputs !== 0) {
    store.read.delete(store.blocks.length);
    return;
  }
  store.read.delete(store.blocks.length);
  store.blocks.push(store.open.bytes.slice(0, store.open.length));
  store.open = newByteWriter();
}

function blockAt(store: InputStore, number: number): readonly Input[] {
  const known = store.read.get(number);
  if (known !== undefined) return known;
  const bytes = store.blocks[number] ?? store.open.bytes.subarray(0, store.open.length);
  const reader = newByteReader(bytes);
  const length = Math.min(blockInputs, store.count - number * blockInputs);
  const block = Array.from({ length }, () => unpackInput(reader));
  store.read.set(number, block);
  const [oldest] = store.read.keys();
  if (store.read.size > keptBlocks && oldest !== undefined) store.read.delete(oldest);
  return block;
}

/** The input at a place, from 0; `undefined` where there is none. */
export function inputAt(store: InputStore, place: number): Input | undefined {
  if (place < 0 || place >= store.count) return undefined;
  return blockAt(store, Math.floor(place / blockInputs))[place % blockInputs];
}

/** The first `count` inputs, as a store that grows apart; whole blocks are shared. */
export function forkInputs(store: InputStore, count: number): InputStore {
  const whole = Math.floor(count / blockInputs);
  const fork: InputStore = { ...newInputStore(), blocks: store.blocks.slice(0, whole) };
  fork.count = whole * blockInputs;
  for (let place = fork.count; place < count; place++) {
    const input = inputAt(store, place);
    if (input !== undefined) addInput(fork, input);
  }
  return fork;
}
