import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Memory, Page } from "../tables/memory.ts";
import { half } from "../tables/memory.ts";
import type { Node, PageTree, Slot } from "../tables/page-tree.ts";
import type { Radix } from "../tables/radix.ts";
import { radixForEach } from "../tables/radix.ts";
import { devicesOf } from "./device/devices.ts";
import type { Guest } from "./guest.ts";
import { shadowsOf } from "./shadow/shadow.ts";
import type { World } from "./world.ts";

/** Digests of nodes met so far: what several trees, or places, share is hashed once. */
type Seen = Map<Node, string>;

const digestText = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));

function digestSlot(slot: Slot, seen: Seen): string {
  if (typeof slot === "number") return slot.toString(36);
  const known = seen.get(slot);
  if (known !== undefined) return known;
  const made = digestText(slot.map((child) => digestSlot(child, seen)).join(","));
  seen.set(slot, made);
  return made;
}

const isTree = (value: object): value is PageTree => "linear" in value && "root" in value;
const isRadix = (value: object): value is Radix<unknown> => "shift" in value && "root" in value;
const isMemory = (value: object): value is Memory => "visible" in value && "ahead" in value;

/** The words of a page that are not zero; the same however the page came about. */
export function pageText(page: Page): string {
  const parts: string[] = [];
  for (let index = 0; index < 1024; index++) {
    const value = half(page, index);
    if (value !== 0) parts.push(`${index.toString(36)}:${value.toString(36)}`);
  }
  return parts.join(",");
}

function memoryText(memory: Memory): string {
  const parts: string[] = [];
  radixForEach(memory.visible, 0, Number.MAX_SAFE_INTEGER, (gfn, page) => {
    const text = pageText(page);
    if (text !== "") parts.push(`${gfn.toString(36)}=${digestText(text)}`);
  });
  for (const [mark, newer] of [["~", memory.buffered] as const, ["+", memory.ahead] as const]) {
    radixForEach(newer, 0, Number.MAX_SAFE_INTEGER, (gfn, { page, dirty }) => {
      parts.push(`${mark}${gfn.toString(36)}=${dirty.join("/")}=${digestText(pageText(page))}`);
    });
  }
  return parts.join(";");
}

function radixText(radix: Radix<unknown>, seen: Seen): string {
  const parts: string[] = [];
  radixForEach(radix, 0, Number.MAX_SAFE_INTEGER, (page, value) => {
    parts.push(`${page.toString(36)}=${textOf(value, seen)}`);
  });
  return `[${parts.join(";")}]`;
}

/** One text for one value: keys in order, missing ones left out, trees by their digest. */
function textOf(value: unknown, seen: Seen): string {
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (isTree(value)) return `t${digestSlot(value.root, seen)}`;
  if (isRadix(value)) return radixText(value, seen);
  if (isMemory(value)) return memoryText(value);
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, seen)).join(",")}]`;
  const source = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(source).filter((key) => source[key] !== undefined);
  return `{${keys
    .sort()
    .map((key) => `${key}:${textOf(source[key], seen)}`)
    .join(",")}}`;
}

function guestText(guest: Guest, seen: Seen): string {
  const { profile, offered: _, hostEpoch: __, ...state } = guest;
  const { ver, cap, ecap, haw } = profile;
  const devices = Object.fromEntries(devicesOf(guest).map((device) => [device.source, device]));
  const shadows = Object.fromEntries(shadowsOf(guest).map((shadow) => [shadow.id, shadow]));
  return textOf({ ...state, devices, shadows, ver, cap, ecap, haw }, seen);
}

/**
 * SHA-256 of the whole state, in hexadecimal: equal for equal contents, however they came about, on
 * every version of Node.
 */
export function stateHash(world: World): string {
  const seen: Seen = new Map();
  const guests = world.guests.map((guest) => guestText(guest, seen));
  return digestText(`${world.seq}|${guests.join("|")}|${textOf(world.owners, seen)}`);
}
