import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const order: readonly Theme[] = ["system", "light", "dark"];
const key = "shadowfold theme";

function kept(): Theme {
  try {
    return order.find((one) => one === globalThis.localStorage.getItem(key)) ?? "system";
  } catch {
    return "system";
  }
}

export const theme = signal<Theme>(kept());

/** Takes the next of: as the system is, light, dark. */
export function nextTheme(): void {
  theme.value = order[(order.indexOf(theme.peek()) + 1) % order.length] ?? "system";
}

effect(() => {
  const now = theme.value;
  if (now === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", now);
  try {
    globalThis.localStorage.setItem(key, now);
  } catch {
    // It lasts as long as the page does.
  }
});
