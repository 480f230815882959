import type { EditAsked, PageAsked } from "../protocol.ts";

/** Parts of the page that show one thing at a time. */
export const tabs = ["why", "state", "walk", "queue", "charts", "whatif"] as const;
export type Tab = (typeof tabs)[number];

/** A moment as the address has it. */
export interface MomentLink {
  readonly at: number;
  readonly tab: Tab | undefined;
  readonly asked: PageAsked | undefined;
  /** The DMA whose story is told, where it is not at that event. */
  readonly story: number | undefined;
  /** What is done differently. */
  readonly edits: readonly EditAsked[] | undefined;
}

/** A moment, or what is wrong with an address that names none. */
export interface ParsedLink {
  readonly link: MomentLink | undefined;
  readonly problem: string | undefined;
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

const pageText = ({ guest, device, iova, pasid, access }: PageAsked): string =>
  [guest, device, iova, pasid, access].join("/");

/** A branch is named in an address that can still be sent. */
const longestEdits = 1500;
const mostEdits = 16;

/** One edit: its kind, a number and, of some, a text in which nothing separates. */
function editIn(text: string): EditAsked | undefined {
  const [kind, number, packed] = text.split(",");
  const at = numberIn(number ?? null);
  if (at === undefined) return undefined;
  const line = packed === undefined ? undefined : decodeURIComponent(packed);
  if (kind === "remove") return { kind, at };
  if (kind === "unsent") return { kind, fact: at };
  if (kind === "insert" && line !== undefined) return { kind, before: at, line };
  if (kind === "change" && line !== undefined) return { kind, at, line };
  const asked = askedIn(line ?? null);
  return kind === "invalidated" && asked !== undefined ? { kind, after: at, asked } : undefined;
}

function editsIn(text: string | null): readonly EditAsked[] | undefined {
  if (text === null || text.length > longestEdits) return undefined;
  try {
    const edits = text.split(";").map(editIn);
    if (edits.length > mostEdits) return undefined;
    return edits.every((one) => one !== undefined) ? edits : undefined;
  } catch {
    // What is written with signs that are none.
    return undefined;
  }
}

function editParts(edit: EditAsked): readonly [kind: string, at: number, rest?: string] {
  switch (edit.kind) {
    case "remove":
      return [edit.kind, edit.at];
    case "unsent":
      return [edit.kind, edit.fact];
    case "insert":
      return [edit.kind, edit.before, edit.line];
    case "change":
      return [edit.kind, edit.at, edit.line];
    case "invalidated":
      return [edit.kind, edit.after, pageText(edit.asked)];
  }
}

const editText = (edit: EditAsked): string => {
  const [kind, at, rest] = editParts(edit);
  const packed = rest === undefined ? [] : [encodeURIComponent(rest)];
  return [kind, at.toString(), ...packed].join(",");
};

/** What is said of a part of an address that cannot be followed. */
const problemOf = (parts: URLSearchParams, name: string, value: unknown): string | undefined =>
  parts.has(name) && value === undefined ? name : undefined;

/** The moment that an address has behind its #; nothing of it is believed to be well-formed. */
export function parseLink(hash: string): ParsedLink {
  const text = hash.replace(/^#/, "");
  if (text === "") return { link: undefined, problem: undefined };
  const parts = new URLSearchParams(text);
  const at = numberIn(parts.get("event"));
  if (at === undefined) return { link: undefined, problem: "The address names no event." };
  const tab = tabs.find((one) => one === parts.get("show"));
  const asked = askedIn(parts.get("page"));
  const story = numberIn(parts.get("story"));
  const edits = editsIn(parts.get("whatif"));
  const problems = [
    problemOf(parts, "show", tab),
    problemOf(parts, "page", asked),
    problemOf(parts, "story", story),
    problemOf(parts, "whatif", edits),
  ].filter((one) => one !== undefined);
  return {
    link: { at, tab, asked, story, edits },
    problem:
      problems.length === 0
        ? undefined
        : `Of the address this cannot be followed: ${problems.join(", ")}.`,
  };
}

/** The part of the address behind its # that leads to a moment. */
export function formatLink(link: Partial<MomentLink> & { readonly at: number }): string {
  const { at, tab, asked, story, edits } = link;
  const said = edits === undefined ? "" : edits.map(editText).join(";");
  return [
    `#event=${at.toString()}`,
    ...(tab === undefined ? [] : [`show=${tab}`]),
    ...(asked === undefined ? [] : [`page=${pageText(asked)}`]),
    ...(story === undefined || story === at ? [] : [`story=${story.toString()}`]),
    ...(said === "" || said.length > longestEdits ? [] : [`whatif=${encodeURIComponent(said)}`]),
  ].join("&");
}
