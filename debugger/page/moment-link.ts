import type { PageAsked } from "../protocol.ts";

/** Parts of the page that show one thing at a time. */
export const tabs = ["why", "state", "walk", "queue", "charts", "whatif"] as const;
export type Tab = (typeof tabs)[number];

/** A moment as the address has it. */
export interface MomentLink {
  readonly at: number;
  readonly tab: Tab | undefined;
  readonly asked: PageAsked | undefined;
}

const numberIn = (text: string | null): number | undefined =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

function askedIn(text: string | null): PageAsked | undefined {
  const match =
    /^(\d{1,3})\/([0-9a-f:.]{7})\/(0x[0-9a-f]{1,16})\/(0x[0-9a-f]{1,5})?\/(read|write)$/.exec(
      text ?? "",
    );
  if (match === null) return undefined;
  const [, guest = "0", device = "", iova = "", pasid = "", access] = match;
  return {
    ...{ guest: Number(guest), device, iova, pasid },
    access: access === "write" ? "write" : "read",
  };
}

/** The moment that an address has behind its #; nothing of it is believed to be well-formed. */
export function parseLink(hash: string): MomentLink | undefined {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const at = numberIn(parts.get("event"));
  if (at === undefined) return undefined;
  const tab = tabs.find((one) => one === parts.get("show"));
  return { at, tab, asked: askedIn(parts.get("page")) };
}

/** The part of the address behind its # that leads to a moment. */
export function formatLink({ at, tab, asked }: MomentLink): string {
  const page =
    asked === undefined
      ? ""
      : `&page=${[asked.guest, asked.device, asked.iova, asked.pasid, asked.access].join("/")}`;
  return `#event=${at.toString()}${tab === undefined ? "" : `&show=${tab}`}${page}`;
}
