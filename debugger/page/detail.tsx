import { ChartsPanel } from "./charts-panel.tsx";
import type { Tab } from "./moment-link.ts";
import { tabs } from "./moment-link.ts";
import * as moves from "./moves.ts";
import { QueuePanel } from "./queue-panel.tsx";
import { StatePanel } from "./state-panel.tsx";
import * as store from "./store.ts";
import { StoryPanel } from "./story-panel.tsx";
import { WalkPanel } from "./walk-panel.tsx";
import { WhatIfPanel } from "./what-if-panel.tsx";

const names: Readonly<Record<Tab, string>> = {
  why: "Why",
  state: "State",
  walk: "Translation",
  queue: "Queue",
  charts: "Charts",
  whatif: "What if",
};

function Panel() {
  switch (store.tab.value) {
    case "why":
      return <StoryPanel />;
    case "state":
      return <StatePanel />;
    case "walk":
      return <WalkPanel />;
    case "queue":
      return <QueuePanel />;
    case "charts":
      return <ChartsPanel />;
    case "whatif":
      return <WhatIfPanel />;
  }
}

function onKeyDown(event: KeyboardEvent): void {
  const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (by === 0) return;
  event.preventDefault();
  const index = (tabs.indexOf(store.tab.peek()) + by + tabs.length) % tabs.length;
  const next = tabs[index] ?? "why";
  moves.show(next);
  document.getElementById(`tab-${next}`)?.focus();
}

function Guests() {
  const guests = store.log.value?.guests ?? 1;
  if (guests < 2) return null;
  return (
    <label class="guest">
      Guest
      <select
        value={store.guest.value}
        onChange={({ currentTarget }) => (store.guest.value = Number(currentTarget.value))}
      >
        {Array.from({ length: guests }, (_, index) => (
          <option key={index} value={index}>
            {index}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Everything about the moment that one is at. */
export function Detail() {
  const now = store.tab.value;
  return (
    <section class="detail" aria-label="The moment">
      <div class="tabs-row">
        <div class="tabs" role="tablist" aria-label="What is shown" onKeyDown={onKeyDown}>
          {tabs.map((name) => (
            <button
              key={name}
              id={`tab-${name}`}
              type="button"
              role="tab"
              aria-selected={name === now}
              aria-controls="panel"
              tabIndex={name === now ? 0 : -1}
              onClick={() => moves.show(name)}
            >
              {names[name]}
            </button>
          ))}
        </div>
        <Guests />
      </div>
      <div id="panel" class="panel" role="tabpanel" aria-labelledby={`tab-${now}`} tabIndex={0}>
        <Panel />
      </div>
    </section>
  );
}
