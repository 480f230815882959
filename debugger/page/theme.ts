import { computed, effect, signal } from "@preact/signals";

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

const systemIsDark = globalThis.matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(systemIsDark.matches);
systemIsDark.addEventListener("change", ({ matches }) => {
  isSystemDark.value = matches;
});

/** Whether the page is dark now. */
export const isDark = computed(() =>
  theme.value === "system" ? isSystemDark.value : theme.value === "dark",
);

effect(() => {
  const now = theme.value;
  document.documentElement.setAttribute("data-theme", isDark.value ? "dark" : "light");
  try {
    globalThis.localStorage.setItem(key, now);
  } catch {
    // It lasts as long as the page does.
  }
});
