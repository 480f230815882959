import { batch, computed, effect, signal } from "@preact/signals";
import type { EditAsked, EventRow, LogView, PageAsked, WhatIfView } from "../protocol.ts";
import type { Bookmark } from "./bookmarks.ts";
import { readBookmarks, writeBookmarks } from "./bookmarks.ts";
import { startClient } from "./client.ts";
import type { Tab } from "./moment-link.ts";
import { formatLink, parseLink } from "./moment-link.ts";
import { resource } from "./resource.ts";
import type { Window } from "./window.ts";
import { showing, within, zoomed } from "./window.ts";

/** Where the log comes from, and whether that is still there. */
export type Origin = "none" | "file" | "server" | "gone";

export const log = signal<LogView | undefined>(undefined);
export const progress = signal(0);
export const refused = signal<string | undefined>(undefined);
export const origin = signal<Origin>("none");
/** The event after which everything is shown; 0 is the start. */
export const at = signal(0);
/** The event that somebody chose: its story and its page stay while one steps from there. */
export const focus = signal(0);
export const shown = signal<Window>({ from: 0, to: 1 });
export const guest = signal(0);
export const tab = signal<Tab>("why");
/** The page that the translation is shown of. */
export const asked = signal<PageAsked | undefined>(undefined);
/** The DMA whose story is told; or a page after an event. */
export const told = signal<{ at: number; asked?: PageAsked } | undefined>(undefined);
export const where = signal("");
export const notice = signal<string | undefined>(undefined);
export const bookmarks = signal<readonly Bookmark[]>([]);
export const isPaletteOpen = signal(false);
export const isHelpOpen = signal(false);
export const whatIf = signal<WhatIfView | undefined>(undefined);
export const whatIfState = signal<{ isBusy: boolean; error?: string }>({ isBusy: false });
export const found = signal<{ rows: readonly EventRow[]; isWhole: boolean } | undefined>(undefined);

const events = computed(() => log.value?.events ?? 0);
/** A moment that the address names, until the log has come so far. */
let awaited = parseLink(globalThis.location?.hash ?? "");
let isFirst = true;

export const client = startClient({
  log: (next, share) => heard(next, share),
  refused: (why) => {
    refused.value = why;
    progress.value = 1;
  },
});

function heard(next: LogView, share: number): void {
  batch(() => {
    const was = log.peek();
    const isAll = shown.peek().from === 0 && shown.peek().to >= (was?.events ?? 0);
    log.value = next;
    progress.value = share;
    refused.value = undefined;
    if (isAll || isFirst) shown.value = within({ from: 0, to: next.events }, next.events);
    if (isFirst) bookmarks.value = readBookmarks(next.name);
    isFirst = false;
    if (awaited !== undefined && awaited.at <= next.events) {
      const { at: seq, tab: show, asked: page } = awaited;
      awaited = undefined;
      select(seq, "zoom");
      if (show !== undefined) tab.value = show;
      if (page !== undefined) asked.value = page;
    }
  });
}

/** Forgets what was open, for something else. */
export function forget(): void {
  batch(() => {
    log.value = undefined;
    refused.value = undefined;
    progress.value = 0;
    at.value = 0;
    focus.value = 0;
    told.value = undefined;
    asked.value = undefined;
    whatIf.value = undefined;
    found.value = undefined;
    notice.value = undefined;
  });
  isFirst = true;
}

/** Opens a file that somebody chose or dropped. */
export function openFile(name: string, bytes: Blob): void {
  forget();
  origin.value = "file";
  client.open(name, bytes);
}

/** Asks only what is asked of a log that is there; again as it grows. */
const ofLog = <T>(of: () => T): (() => T | undefined) => {
  return () => (log.value === undefined ? undefined : of());
};
const grown = (): number => (log.value?.isWhole ? 1 : progress.value);

export const summary = resource(client, "summary", () => (log.value?.isWhole ? {} : undefined));
export const chain = resource(
  client,
  "chain",
  ofLog(() => ({ at: focus.value })),
);
export const current = resource(
  client,
  "rows",
  ofLog(() => ({ from: at.value, count: 1 })),
);
export const story = resource(client, "story", () =>
  log.value === undefined ? undefined : told.value,
);
const onTab = (name: Tab) => log.value !== undefined && tab.value === name;
export const state = resource(client, "state", () =>
  onTab("state") ? { at: at.value, guest: guest.value } : undefined,
);
export const queue = resource(client, "queue", () =>
  onTab("queue") ? { at: at.value, guest: guest.value } : undefined,
);
export const charts = resource(client, "charts", () =>
  onTab("charts") ? { at: at.value, guest: guest.value } : undefined,
);
export const walk = resource(client, "walk", () =>
  onTab("walk") && asked.value !== undefined ? { at: at.value, asked: asked.value } : undefined,
);
export const line = resource(client, "line", () =>
  onTab("whatif") && at.value > 0 ? { at: at.value } : undefined,
);
/** Columns of the picture, set by who draws it. */
export const columns = signal(800);
export const overview = resource(client, "overview", () => {
  if (log.value === undefined || grown() < 0) return undefined;
  return { ...shown.value, columns: columns.value };
});
export const miniature = resource(client, "overview", () => {
  if (log.value === undefined || grown() < 0) return undefined;
  return { from: 0, to: Math.max(1, events.value), columns: 600 };
});

/** Whether the event that one is at is of a DMA: its story is told then. */
effect(() => {
  const row = current.value.value?.[0];
  if (row === undefined || row.seq !== focus.value) return;
  const isDma = /^(Dma|DmaIssue|DmaBlocked|DmaTranslated|DmaLanded|Fault.*)$/.test(row.type);
  if (isDma) told.value = { at: row.seq };
});

/** The page that is asked about follows what one selects. */
effect(() => {
  const page = chain.value.value?.asked;
  if (page !== undefined) asked.value = page;
});

/**
 * Goes to an event.
 *
 * @param how  `zoom`: closer, with an entry in the browser's history; `step`: what was chosen stays.
 */
export function select(seq: number, how: "stay" | "zoom" | "step" = "stay"): void {
  const last = events.peek();
  const next = Math.min(Math.max(0, Math.floor(seq)), last);
  batch(() => {
    at.value = next;
    if (how !== "step") focus.value = next;
    notice.value = undefined;
    const window = shown.peek();
    const isFar = how === "zoom" && window.to - window.from > 600;
    const near = isFar ? { from: next - 60, to: next + 60 } : window;
    shown.value = showing(within(near, last), next, last);
  });
  const link = formatLink({ at: next, tab: tab.peek(), asked: undefined });
  if (how === "zoom") globalThis.history.pushState(null, "", link);
  else globalThis.history.replaceState(null, "", link);
}

/** Shows another part of the page. */
export function show(next: Tab): void {
  tab.value = next;
  const link = formatLink({ at: at.peek(), tab: next, asked: asked.peek() });
  globalThis.history.replaceState(null, "", link);
}

/** Zooms about the event that one is at, or about the middle. */
export function zoom(by: number): void {
  const window = shown.peek();
  const place = at.peek() - 0.5;
  const isIn = place >= window.from && place <= window.to;
  const about = isIn ? place : (window.from + window.to) / 2;
  shown.value = zoomed(window, about, by, events.peek());
}

/** Shows the whole run. */
export const showAll = (): void => {
  shown.value = within({ from: 0, to: events.peek() }, events.peek());
};

/** Steps over an event, or an input with what followed, forwards or back. */
export async function step(by: "event" | "input", back: boolean): Promise<void> {
  if (log.peek() === undefined) return;
  if (by === "event") select(at.peek() + (back ? -1 : 1), "step");
  else select(await client.ask("step", { at: at.peek(), by, back }), "step");
}

/** Goes to the next event for which an expression is so, or back to the last. */
export async function continueTo(expression: string, back: boolean): Promise<void> {
  if (log.peek() === undefined || expression.trim() === "") return;
  try {
    const question = back ? "back" : "forward";
    const seq = await client.ask(question, { at: at.peek(), where: expression });
    if (seq === undefined) notice.value = `No event ${back ? "before" : "after"} this one fits.`;
    else select(seq, "zoom");
  } catch (error) {
    notice.value = error instanceof Error ? error.message : String(error);
  }
}

/** Looks for all events for which an expression is so. */
export async function search(expression: string): Promise<void> {
  where.value = expression;
  if (log.peek() === undefined || expression.trim() === "") {
    found.value = undefined;
    return;
  }
  try {
    const answer = await client.ask("search", { where: expression, most: 200 });
    found.value = { rows: answer.found, isWhole: answer.isWhole };
    notice.value = undefined;
  } catch (error) {
    found.value = undefined;
    notice.value = error instanceof Error ? error.message : String(error);
  }
}

/** Faults: where `f` leads. */
export const faultExpression = 'fact in ["DmaBlocked", "TranslationBlocked", "InterruptBlocked"]';

/** Asks what would have been. */
export async function askWhatIf(title: string, edits: readonly EditAsked[]): Promise<void> {
  show("whatif");
  whatIf.value = undefined;
  whatIfState.value = { isBusy: true };
  try {
    whatIf.value = await client.ask("whatIf", { title, edits });
    whatIfState.value = { isBusy: false };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    whatIfState.value = text === "stopped" ? { isBusy: false } : { isBusy: false, error: text };
  }
}

/** Marks the event that one is at, or takes the mark away. */
export function toggleBookmark(): void {
  const seq = at.peek();
  const name = log.peek()?.name;
  if (name === undefined) return;
  const has = bookmarks.peek().some((one) => one.seq === seq);
  const row = current.peek().value?.[0];
  const text = row === undefined || row.seq !== seq ? "" : row.type;
  bookmarks.value = has
    ? bookmarks.peek().filter((one) => one.seq !== seq)
    : [...bookmarks.peek(), { seq, text }].sort((a, b) => a.seq - b.seq);
  writeBookmarks(name, bookmarks.peek());
}

/** Goes to the moment that the address names now. */
export function followAddress(): void {
  const link = parseLink(globalThis.location.hash);
  if (link === undefined || log.peek() === undefined || link.at === at.peek()) return;
  batch(() => {
    at.value = Math.min(link.at, events.peek());
    focus.value = at.peek();
    shown.value = showing(shown.peek(), at.peek(), events.peek());
    if (link.tab !== undefined) tab.value = link.tab;
    if (link.asked !== undefined) asked.value = link.asked;
  });
}
