import { commands } from "./commands.ts";
import * as store from "./store.ts";

const named: Readonly<Record<string, string>> = { ArrowLeft: "←", ArrowRight: "→", "=": "+" };

/** What was pressed, as commands name it. */
function pressed(event: KeyboardEvent): string {
  const key = named[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const isLetter = /^[A-Z]$/.test(key) || key === "←" || key === "→";
  if (event.ctrlKey || event.metaKey) return `Ctrl ${key}`;
  return event.shiftKey && isLetter ? `Shift ${key}` : key;
}

/** Whether what is typed goes into a field. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Does what a key stands for. */
export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey) return;
  const key = pressed(event);
  const isOpen = store.isPaletteOpen.peek() || store.isHelpOpen.peek();
  if (key === "Escape" && isTyping(event.target)) {
    (event.target as HTMLElement).blur();
    return;
  }
  const command = commands.find(({ keys }) => keys === key);
  if (command === undefined || isOpen) return;
  if (isTyping(event.target) && !key.startsWith("Ctrl")) return;
  const inTabs = event.target instanceof HTMLElement && event.target.role === "tab";
  if (inTabs && /Home|End|[←→]/.test(key)) return;
  event.preventDefault();
  void command.run();
}
