import type { Tab } from "./moment-link.ts";
import * as moves from "./moves.ts";
import * as store from "./store.ts";
import { nextTheme } from "./theme.ts";

/** Something that one can do, by a key or by its name. */
export interface Command {
  readonly id: string;
  readonly name: string;
  /** As it is shown; the first one of several is what is pressed. */
  readonly keys: string;
  readonly run: () => void | Promise<void>;
}

function focusOn(id: string): void {
  const element = document.getElementById(id);
  element?.focus();
  if (element instanceof HTMLInputElement) element.select();
}

const tabCommand = (tab: Tab, key: string, name: string): Command => ({
  id: `show-${tab}`,
  name: `Show ${name}`,
  keys: key,
  run: () => moves.show(tab),
});

/** The first offer of the story that is told: what if the decisive invalidation was not sent. */
function askFirstOffer(): void {
  const offer = store.story.value.value?.offers[0];
  if (offer === undefined) moves.show("whatif");
  else void moves.askWhatIf(offer.text, offer.edits);
}

function goToDecisiveWrite(): void {
  const write = store.story.value.value?.write;
  if (write === undefined) store.notice.value = "No story is told, or nobody wrote the entry.";
  else moves.select(write, "zoom");
}

function goToFirstFault(): void {
  const first = store.summary.value.value?.faults[0]?.first;
  if (first === undefined) store.notice.value = "Nothing was blocked in this run.";
  else {
    moves.select(first, "zoom");
    moves.show("why");
  }
}

async function copyLink(): Promise<void> {
  try {
    await globalThis.navigator.clipboard.writeText(globalThis.location.href);
    store.notice.value = "The address of this moment is copied.";
  } catch {
    store.notice.value = "The address bar has the address of this moment.";
  }
}

/** Everything that one can do, in the order in which the palette has it. */
export const commands: readonly Command[] = [
  { id: "first", name: "Go to the fault to look at first", keys: "1", run: goToFirstFault },
  { id: "write", name: "Go to the write that decided", keys: "W", run: goToDecisiveWrite },
  {
    id: "what-if",
    name: "What if: the first question of the story",
    keys: "I",
    run: askFirstOffer,
  },
  { id: "back", name: "Step back", keys: "←", run: () => moves.step("event", true) },
  { id: "forward", name: "Step forward", keys: "→", run: () => moves.step("event", false) },
  {
    id: "back-input",
    name: "Step back over an input",
    keys: "Shift ←",
    run: () => moves.step("input", true),
  },
  {
    id: "forward-input",
    name: "Step forward over an input",
    keys: "Shift →",
    run: () => moves.step("input", false),
  },
  {
    id: "fault",
    name: "Continue to the next fault",
    keys: "F",
    run: () => moves.continueTo(moves.faultExpression, false),
  },
  {
    id: "fault-back",
    name: "Continue back to the last fault",
    keys: "Shift F",
    run: () => moves.continueTo(moves.faultExpression, true),
  },
  {
    id: "next",
    name: "Continue to the next event of the search",
    keys: "N",
    run: () => moves.continueTo(store.where.peek(), false),
  },
  {
    id: "next-back",
    name: "Continue back to the last event of the search",
    keys: "Shift N",
    run: () => moves.continueTo(store.where.peek(), true),
  },
  { id: "search", name: "Search by expression", keys: "/", run: () => focusOn("search") },
  { id: "goto", name: "Go to an event by its number", keys: "G", run: () => focusOn("goto") },
  tabCommand("why", "Y", "why"),
  tabCommand("state", "S", "the state"),
  tabCommand("walk", "A", "the translation of an address"),
  tabCommand("queue", "Q", "the queue"),
  tabCommand("charts", "C", "the charts"),
  tabCommand("whatif", "X", "what if"),
  { id: "in", name: "Zoom in", keys: "+", run: () => moves.zoom(0.5) },
  { id: "out", name: "Zoom out", keys: "-", run: () => moves.zoom(2) },
  { id: "all", name: "Show the whole run", keys: "0", run: moves.showAll },
  { id: "start", name: "Go to the start", keys: "Home", run: () => moves.select(0) },
  {
    id: "end",
    name: "Go to the end",
    keys: "End",
    run: () => moves.select(store.log.peek()?.events ?? 0),
  },
  { id: "mark", name: "Mark this event, or unmark it", keys: "B", run: moves.toggleBookmark },
  { id: "link", name: "Copy the address of this moment", keys: "L", run: copyLink },
  { id: "timeline", name: "Go to the timeline", keys: "E", run: () => focusOn("timeline") },
  { id: "theme", name: "Change the theme", keys: "T", run: nextTheme },
  {
    id: "palette",
    name: "All commands",
    keys: "Ctrl K",
    run: () => {
      store.isPaletteOpen.value = true;
    },
  },
  {
    id: "help",
    name: "Keys",
    keys: "?",
    run: () => {
      store.isHelpOpen.value = true;
    },
  },
];
