import { saveRun } from "./branching.ts";
import { Detail } from "./detail.tsx";
import { EventList } from "./event-list.tsx";
import { Minimap } from "./minimap.tsx";
import { Help, Palette } from "./palette.tsx";
import { Rail } from "./rail.tsx";
import { StartScreen, useDropping } from "./start-screen.tsx";
import * as store from "./store.ts";
import { Timeline } from "./timeline.tsx";
import { TopBar } from "./top-bar.tsx";

/** Whether the server that the log is from is there. */
function Server() {
  const log = store.log.value;
  const again = (): void => store.openServed(log?.name ?? "", new URL("log", location.href).href);
  switch (store.origin.value) {
    case "gone":
      return (
        <p class="warn">
          The server has ended. Everything that was read stays here. The same command with{" "}
          <code>--port {location.port}</code> brings it back; that is told.{" "}
          <button type="button" class="small" onClick={() => void saveRun(undefined)}>
            Save the log
          </button>
        </p>
      );
    case "back":
      return (
        <p class="note">
          The server is back.{" "}
          <button type="button" class="small" onClick={again}>
            Read the log again
          </button>
        </p>
      );
    default:
      return null;
  }
}

/** What one has to know of the log or of where it is from. */
function Notices() {
  const { cut, isStopped } = store.log.value ?? {};
  const notice = store.notice.value;
  const opening = store.opening.value;
  return (
    <div class="notices" aria-live="polite">
      {isStopped === true && (
        <p class="note">Opening was stopped here. All that was read until then is shown.</p>
      )}
      {cut !== undefined && isStopped !== true && (
        <p class="warn">
          The log ends here before it should: <bdi>{cut}</bdi>. All before that is shown.
        </p>
      )}
      <Server />
      {opening !== undefined && (
        <p class="note">
          Opening <bdi>{opening.name}</bdi>…
        </p>
      )}
      {store.refused.value !== undefined && (
        <p class="warn">
          <bdi>{store.refused.value}</bdi>{" "}
          <button type="button" class="small" onClick={() => (store.refused.value = undefined)}>
            Close
          </button>
        </p>
      )}
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
