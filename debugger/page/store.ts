import { batch, computed, effect, signal } from "@preact/signals";
import type { EventRow, LogView, PageAsked } from "../protocol.ts";
import type { Bookmark } from "./bookmarks.ts";
import { readBookmarks } from "./bookmarks.ts";
import { startClient } from "./client.ts";
import type { KeptRun } from "./kept-runs.ts";
import type { Tab } from "./moment-link.ts";
import { resource } from "./resource.ts";
import type { Window } from "./window.ts";
import { within } from "./window.ts";

/** Where the log comes from, and whether that is still there. */
export type Origin = "none" | "file" | "server" | "gone" | "back";

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
/** Runs beside this one, and which of them is shown. */
export const runs = signal<readonly KeptRun[]>([]);
export const shownRun = signal<number | undefined>(undefined);
/** What is shown of them. */
export const run = computed(() => runs.value.find(({ key }) => key === shownRun.value));
/** What is asked goes on from what the branch that is shown does differently. */
export const isOnTop = signal(false);
export const whatIfState = signal<{ isBusy: boolean; error?: string }>({ isBusy: false });
/** What is wrong with the expression that is looked for. */
export const searchError = signal<string | undefined>(undefined);
export const found = signal<{ rows: readonly EventRow[]; isWhole: boolean } | undefined>(undefined);

/** How many events there are so far. */
export const events = computed(() => log.value?.events ?? 0);
/** The file that is being opened: what is open stays until there is something of it. */
export const opening = signal<{ name: string; origin: Origin } | undefined>(undefined);
/** Which opening is shown. */
let shownOpening = 0;

export const client = startClient({
  log: (next, share, number) => heard(next, share, number),
  refused: (why) => {
    const name = opening.peek()?.name ?? "";
    refused.value = log.peek() === undefined || name === "" ? why : `${name.slice(0, 80)}: ${why}`;
    opening.value = undefined;
  },
});

function heard(next: LogView, share: number, number: number): void {
  batch(() => {
    const isFirst = number !== shownOpening;
    if (isFirst) {
      forget();
      shownOpening = number;
      origin.value = opening.peek()?.origin ?? origin.peek();
      opening.value = undefined;
      bookmarks.value = readBookmarks(next.name);
    }
    const was = log.peek();
    const isAll = shown.peek().from === 0 && shown.peek().to >= (was?.events ?? 0);
    log.value = next;
    progress.value = share;
    if (isAll || isFirst) shown.value = within({ from: 0, to: next.events }, next.events);
  });
}

/** Forgets what was open, for something else. */
function forget(): void {
  batch(() => {
    refused.value = undefined;
    progress.value = 0;
    at.value = 0;
    focus.value = 0;
    told.value = undefined;
    asked.value = undefined;
    runs.value = [];
    shownRun.value = undefined;
    whatIfState.value = { isBusy: false };
    guest.value = 0;
    found.value = undefined;
    searchError.value = undefined;
    notice.value = undefined;
  });
}

/** Opens a file that somebody chose or dropped: what is open stays where that is no log. */
export function openFile(name: string, bytes: Blob): void {
  opening.value = { name, origin: "file" };
  refused.value = undefined;
  client.open(name, bytes);
}

/** Opens the file that a server has. */
export function openServed(name: string, address: string): void {
  opening.value = { name, origin: "server" };
  refused.value = undefined;
  client.fetch(name, address);
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
/** Whether the map of the address space is wanted; of a long run it is when somebody says so. */
export const isMapOpen = signal<boolean | undefined>(undefined);
const longRun = 200_000;
export const showsMap = computed(() => isMapOpen.value ?? events.value < longRun);
export const space = resource(client, "space", () =>
  onTab("walk") && showsMap.value && asked.value !== undefined
    ? { at: at.value, asked: asked.value }
    : undefined,
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
