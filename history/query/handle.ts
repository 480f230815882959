import type { Gpa, Iova, SourceId } from "../../events/address.ts";
import { formatSourceId, gpa, hex, iova, parseSourceId } from "../../events/address.ts";

/** Something that can be pointed at, the same in every view: by it any of them can be asked. */
export type Handle =
  | { readonly kind: "event"; readonly seq: number }
  | { readonly kind: "device"; readonly guest: number; readonly device: SourceId }
  | {
      readonly kind: "page";
      readonly guest: number;
      readonly device: SourceId;
      readonly pasid: number | undefined;
      /** The first byte of the page. */
      readonly iova: Iova;
    }
  /** A word of guest memory, most of them an entry of a table. */
  | { readonly kind: "entry"; readonly guest: number; readonly gpa: Gpa }
  | { readonly kind: "finding"; readonly law: string; readonly seq: number };

const text = (value: number): string => value.toString();

/** A handle as text: `event:12`, `page:0/00:04.0/0x1806000`, `page:0/00:04.0/5/0x1000`. */
export function formatHandle(handle: Handle): string {
  switch (handle.kind) {
    case "event":
      return `event:${text(handle.seq)}`;
    case "device":
      return `device:${text(handle.guest)}/${formatSourceId(handle.device)}`;
    case "page": {
      const { guest, device, pasid, iova: address } = handle;
      const space = pasid === undefined ? "" : `${text(pasid)}/`;
      return `page:${text(guest)}/${formatSourceId(device)}/${space}${hex(address)}`;
    }
    case "entry":
      return `entry:${text(handle.guest)}/${hex(handle.gpa)}`;
    case "finding":
      return `finding:${handle.law}/${text(handle.seq)}`;
  }
}

const numberIn = (word: string | undefined): number | undefined => {
  const value = /^\d{1,16}$/.test(word ?? "") ? Number(word) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
};

const addressIn = (word: string | undefined): bigint | undefined =>
  word !== undefined && /^0x[0-9a-f]{1,16}$/i.test(word) ? BigInt(word) : undefined;

function pageFrom(words: readonly string[]): Handle | undefined {
  const [guest, device] = [numberIn(words[0]), parseSourceId(words[1] ?? "")];
  const address = addressIn(words.at(-1));
  const pasid = words.length === 4 ? numberIn(words[2]) : undefined;
  if (guest === undefined || device === undefined || address === undefined) return undefined;
  const isWhole = words.length === 3 || (words.length === 4 && pasid !== undefined);
  if (!isWhole || address % 4096n !== 0n) return undefined;
  return { kind: "page", guest, device, pasid, iova: iova(address) };
}

/** The handle that a text is; `undefined` when it is none. */
export function parseHandle(given: string): Handle | undefined {
  const [, kind = "", rest = ""] = /^([a-z]+):(.*)$/.exec(given) ?? [];
  const words = rest.split("/");
  const last = numberIn(words.at(-1));
  const guest = numberIn(words[0]);
  if (kind === "page") return pageFrom(words);
  if (kind === "event" && words.length === 1 && last !== undefined) return { kind, seq: last };
  if (words.length !== 2) return undefined;
  const [first = "", second = ""] = words;
  if (kind === "finding") {
    return last !== undefined && /^\w+$/.test(first) ? { kind, law: first, seq: last } : undefined;
  }
  if (guest === undefined) return undefined;
  const [device, address] = [parseSourceId(second), addressIn(second)];
  if (kind === "device" && device !== undefined) return { kind, guest, device };
  return kind === "entry" && address !== undefined ? { kind, guest, gpa: gpa(address) } : undefined;
}
