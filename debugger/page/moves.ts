import { batch, effect } from "@preact/signals";
import type { EditAsked } from "../protocol.ts";
import { writeBookmarks } from "./bookmarks.ts";
import { branch } from "./branching.ts";
import { titleOf } from "./edit-title.ts";
import type { MomentLink, Tab } from "./moment-link.ts";
import { formatLink, parseLink } from "./moment-link.ts";
import * as store from "./store.ts";
import { showing, within, zoomed } from "./window.ts";

/** What the address named at first, until the log has come so far. */
let awaited: ReturnType<typeof parseLink> | undefined = parseLink(globalThis.location.hash);

const addressWaitsMs = 250;
let addressTimer: ReturnType<typeof setTimeout> | undefined;

/** Names the moment in the address, soon: browsers refuse to have it changed with each step. */
function replaceAddress(link: string): void {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
    globalThis.history.replaceState(null, "", link);
  }, addressWaitsMs);
}

/**
 * Goes to an event.
 *
 * @param how  `zoom`: closer, with an entry in the browser's history; `step`: what is chosen
 *   stays.
 */
export function select(seq: number, how: "stay" | "zoom" | "step" = "stay"): void {
  const last = store.events.peek();
  const next = Math.min(Math.max(0, Math.floor(seq)), last);
  batch(() => {
    store.at.value = next;
    if (how !== "step") store.focus.value = next;
    store.notice.value = undefined;
    const window = store.shown.peek();
    const isFar = how === "zoom" && window.to - window.from > 600;
    const near = isFar ? { from: next - 60, to: next + 60 } : window;
    store.shown.value = showing(within(near, last), next, last);
  });
  if (how !== "zoom") return;
  clearTimeout(addressTimer);
  globalThis.history.pushState(null, "", formatLink({ at: next, tab: store.tab.peek() }));
}

/** The moment that one is at, with what else is shown of it. */
function linkNow(): string {
  const [at, tab] = [store.at.value, store.tab.value];
  const told = store.told.value;
  return formatLink({
    ...{ at, tab },
    asked: tab === "walk" ? store.asked.value : undefined,
    story: tab === "why" && told?.asked === undefined ? told?.at : undefined,
    edits: tab === "whatif" ? store.run.value?.edits : undefined,
  });
}

// Until the moment that the address named at first is reached, it stays there.
effect(() => {
  const link = linkNow();
  if (store.log.value !== undefined && awaited === undefined) replaceAddress(link);
});

/** Shows another part of the page. */
export function show(next: Tab): void {
  store.tab.value = next;
}

/** Zooms about the event that one is at, or about the middle. */
export function zoom(by: number): void {
  const window = store.shown.peek();
  const place = store.at.peek() - 0.5;
  const isIn = place >= window.from && place <= window.to;
  const about = isIn ? place : (window.from + window.to) / 2;
  store.shown.value = zoomed(window, about, by, store.events.peek());
}

/** Shows the whole run. */
export const showAll = (): void => {
  store.shown.value = within({ from: 0, to: store.events.peek() }, store.events.peek());
};

/** Steps over an event, or an input with what followed, forwards or back. */
export async function step(by: "event" | "input", back: boolean): Promise<void> {
  if (store.log.peek() === undefined) return;
  if (by === "event") select(store.at.peek() + (back ? -1 : 1), "step");
  else select(await store.client.ask("step", { at: store.at.peek(), by, back }), "step");
}

/** Goes to the next event for which an expression is so, or back to the last. */
export async function continueTo(expression: string, back: boolean): Promise<void> {
  if (store.log.peek() === undefined || expression.trim() === "") return;
  try {
    const question = back ? "back" : "forward";
    const seq = await store.client.ask(question, { at: store.at.peek(), where: expression });
    if (seq === undefined)
      store.notice.value = `No event ${back ? "before" : "after"} this one fits.`;
    else select(seq, "zoom");
    store.searchError.value = undefined;
  } catch (error) {
    store.searchError.value = error instanceof Error ? error.message : String(error);
  }
}

/** Looks for all events for which an expression is so. */
export async function search(expression: string): Promise<void> {
  store.where.value = expression;
  if (store.log.peek() === undefined || expression.trim() === "") {
    store.found.value = undefined;
    return;
  }
  try {
    const answer = await store.client.ask("search", { where: expression, most: 200 });
    store.found.value = { rows: answer.found, isWhole: answer.isWhole };
    store.searchError.value = undefined;
  } catch (error) {
    store.found.value = undefined;
    store.searchError.value = error instanceof Error ? error.message : String(error);
  }
}

/** Faults: where `f` leads. */
export const faultExpression = 'fact in ["DmaBlocked", "TranslationBlocked", "InterruptBlocked"]';

/** Asks what would have been. */
export async function askWhatIf(title: string, edits: readonly EditAsked[]): Promise<void> {
  show("whatif");
  await branch(title, edits);
}

/** Marks the event that one is at, or takes the mark away. */
export function toggleBookmark(): void {
  const seq = store.at.peek();
  const name = store.log.peek()?.name;
  if (name === undefined) return;
  const has = store.bookmarks.peek().some((one) => one.seq === seq);
  const row = store.current.peek().value?.[0];
  const text = row === undefined || row.seq !== seq ? "" : row.type;
  store.bookmarks.value = has
    ? store.bookmarks.peek().filter((one) => one.seq !== seq)
    : [...store.bookmarks.peek(), { seq, text }].sort((a, b) => a.seq - b.seq);
  writeBookmarks(name, store.bookmarks.peek());
}

/** Goes to what an address names besides the event. */
function follow({ at, tab, asked, story, edits }: MomentLink): void {
  if (tab !== undefined) store.tab.value = tab;
  if (story !== undefined && story <= store.events.peek()) store.told.value = { at: story };
  if (asked !== undefined) store.asked.value = asked;
  if (edits !== undefined) void branch(titleOf(edits), edits);
  if (story !== undefined) store.focus.value = at;
}

effect(() => {
  const { value: log } = store.log;
  if (log === undefined || awaited === undefined) return;
  const { link, problem } = awaited;
  if (link === undefined) {
    awaited = undefined;
    store.notice.value = problem;
    return;
  }
  // What would have been is asked of the whole run.
  if (link.at > log.events || link.edits !== undefined) {
    if (!log.isWhole) return;
  }
  awaited = undefined;
  if (link.at > log.events) {
    store.notice.value = `The address names event ${link.at.toString()}, and there is none.`;
    return;
  }
  select(link.at, "zoom");
  follow(link);
  store.notice.value = problem;
});

/** Goes to the moment that the address names now. */
export function followAddress(): void {
  const { link, problem } = parseLink(globalThis.location.hash);
  if (store.log.peek() === undefined) return;
  if (link !== undefined && link.at > store.events.peek()) {
    store.notice.value = `The address names event ${link.at.toString()}, and there is none.`;
    return;
  }
  store.notice.value = problem;
  if (link === undefined) return;
  batch(() => {
    if (link.at !== store.at.peek()) {
      store.at.value = link.at;
      store.focus.value = link.at;
      store.shown.value = showing(store.shown.peek(), link.at, store.events.peek());
    }
    follow(link);
  });
}
