import { Detail } from "./detail.tsx";
import { EventList } from "./event-list.tsx";
import { Minimap } from "./minimap.tsx";
import { Help, Palette } from "./palette.tsx";
import { Rail } from "./rail.tsx";
import { StartScreen, useDropping } from "./start-screen.tsx";
import * as store from "./store.ts";
import { Timeline } from "./timeline.tsx";
import { TopBar } from "./top-bar.tsx";

/** What one has to know of the log or of where it is from. */
function Notices() {
  const cut = store.log.value?.cut;
  const notice = store.notice.value;
  return (
    <div class="notices" aria-live="polite">
      {cut !== undefined && (
        <p class="warn">The log ends here before it should: {cut}. All before that is shown.</p>
      )}
      {store.origin.value === "gone" && (
        <p class="warn">The server has ended. Everything that was read stays here.</p>
      )}
      {store.refused.value !== undefined && <p class="warn">{store.refused.value}</p>}
      {notice !== undefined && <p class="note">{notice}</p>}
    </div>
  );
}

/** The page. */
export function App() {
  const isOver = useDropping();
  const isOpen = store.log.value !== undefined;
  return (
    <>
      {!isOpen && <StartScreen />}
      {isOpen && (
        <div class="app">
          <TopBar />
          <Notices />
          <Minimap />
          <Timeline />
          <main class="columns">
            <Rail />
            <EventList />
            <Detail />
          </main>
        </div>
      )}
      {store.isPaletteOpen.value && <Palette />}
      {store.isHelpOpen.value && <Help />}
      {isOver.value && <div class="drop-here">Drop it to open it</div>}
    </>
  );
}
