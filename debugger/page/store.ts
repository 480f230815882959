import { batch, computed, effect, signal } from "@preact/signals";
import type { EventRow, LogView, PageAsked, WhatIfView } from "../protocol.ts";
import type { Bookmark } from "./bookmarks.ts";
import { readBookmarks } from "./bookmarks.ts";
import { startClient } from "./client.ts";
import type { Tab } from "./moment-link.ts";
import { resource } from "./resource.ts";
import type { Window } from "./window.ts";
import { within } from "./window.ts";

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

/** How many events there are so far. */
export const events = computed(() => log.value?.events ?? 0);
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
