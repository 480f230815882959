import { commands } from "./commands.ts";
import * as moves from "./moves.ts";
import * as store from "./store.ts";
import { theme } from "./theme.ts";

function GoTo() {
  const events = store.log.value?.events ?? 0;
  return (
    <label class="goto">
      <span>Event</span>
      <input
        id="goto"
        type="number"
        min={0}
        max={events}
        value={store.at.value}
        onChange={({ currentTarget }) => moves.select(currentTarget.valueAsNumber || 0, "zoom")}
      />
      <span class="faint">of {events.toLocaleString("en-US")}</span>
    </label>
  );
}

const buttons = ["back-input", "back", "forward", "forward-input"] as const;

/** What each button shows: a triangle, with a bar where it goes over a whole input. */
const signs = {
  "back-input": "M3 3h2v10H3zM14 3v10L6 8z",
  back: "M12 3v10L4 8z",
  forward: "M4 3v10l8-5z",
  "forward-input": "M11 3h2v10h-2zM2 3v10l8-5z",
} as const;

function Steps() {
  return (
    <div class="steps" role="group" aria-label="Step">
      {buttons.map((id) => {
        const command = commands.find((one) => one.id === id);
        return (
          <button
            key={id}
            type="button"
            class="icon"
            title={`${command?.name ?? ""} (${command?.keys ?? ""})`}
            aria-label={command?.name}
            onClick={() => void command?.run()}
          >
            <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
              <path d={signs[id]} />
            </svg>
          </button>
        );
      })}
    </div>
  );
}

function Opening() {
  if (store.progress.value >= 1 || store.log.value?.isWhole) return null;
  const percent = Math.round(store.progress.value * 100);
  return (
    <span class="opening" role="status">
      <progress max={100} value={percent} aria-label="Reading the log" />
      {percent}% read
      <button type="button" onClick={() => store.client.cancel("opening")}>
        Stop here
      </button>
    </span>
  );
}

/** What is open, where one is in it, and ways to move. */
export function TopBar() {
  const log = store.log.value;
  return (
    <header class="top-bar">
      <h1 class="brand">shadowfold</h1>
      <span class="file" title={log?.name}>
        <bdi>{log?.name ?? ""}</bdi>
      </span>
      <Opening />
      <span class="grow" />
      <Steps />
      <GoTo />
      <button type="button" onClick={() => (store.isPaletteOpen.value = true)}>
        Commands <kbd>Ctrl K</kbd>
      </button>
      <button
        type="button"
        class="icon"
        title={`Theme: ${theme.value} (T)`}
        aria-label={`Theme: ${theme.value}`}
        onClick={() => void commands.find(({ id }) => id === "theme")?.run()}
      >
        ◐
      </button>
      <button
        type="button"
        class="icon"
        aria-label="Help"
        title="Keys (?)"
        onClick={() => (store.isHelpOpen.value = true)}
      >
        ?
      </button>
    </header>
  );
}
