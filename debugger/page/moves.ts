import { batch, effect } from "@preact/signals";
import type { EditAsked } from "../protocol.ts";
import { writeBookmarks } from "./bookmarks.ts";
import type { Tab } from "./moment-link.ts";
import { formatLink, parseLink } from "./moment-link.ts";
import * as store from "./store.ts";
import { showing, within, zoomed } from "./window.ts";

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
  const link = formatLink({ at: next, tab: store.tab.peek(), asked: undefined });
  if (how === "zoom") {
    clearTimeout(addressTimer);
    globalThis.history.pushState(null, "", link);
  } else replaceAddress(link);
}

/** Shows another part of the page. */
export function show(next: Tab): void {
  store.tab.value = next;
  replaceAddress(formatLink({ at: store.at.peek(), tab: next, asked: store.asked.peek() }));
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
  } catch (error) {
    store.notice.value = error instanceof Error ? error.message : String(error);
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
    store.notice.value = undefined;
  } catch (error) {
    store.found.value = undefined;
    store.notice.value = error instanceof Error ? error.message : String(error);
  }
}

/** Faults: where `f` leads. */
export const faultExpression = 'fact in ["DmaBlocked", "TranslationBlocked", "InterruptBlocked"]';

/** Asks what would have been. */
export async function askWhatIf(title: string, edits: readonly EditAsked[]): Promise<void> {
  show("whatif");
  store.whatIf.value = undefined;
  store.whatIfState.value = { isBusy: true };
  try {
    store.whatIf.value = await store.client.ask("whatIf", { title, edits });
    store.whatIfState.value = { isBusy: false };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    store.whatIfState.value =
      text === "stopped" ? { isBusy: false } : { isBusy: false, error: text };
  }
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

/** A moment that the address named at first, until the log has come so far. */
let awaited = parseLink(globalThis.location.hash);

effect(() => {
  const { value: log } = store.log;
  if (log === undefined || awaited === undefined || awaited.at > log.events) return;
  const { at, tab, asked } = awaited;
  awaited = undefined;
  select(at, "zoom");
  if (tab !== undefined) store.tab.value = tab;
  if (asked !== undefined) store.asked.value = asked;
});

/** Goes to the moment that the address names now. */
export function followAddress(): void {
  const link = parseLink(globalThis.location.hash);
  if (link === undefined || store.log.peek() === undefined || link.at === store.at.peek()) return;
  batch(() => {
    store.at.value = Math.min(link.at, store.events.peek());
    store.focus.value = store.at.peek();
    store.shown.value = showing(store.shown.peek(), store.at.peek(), store.events.peek());
    if (link.tab !== undefined) store.tab.value = link.tab;
    if (link.asked !== undefined) store.asked.value = link.asked;
  });
}
