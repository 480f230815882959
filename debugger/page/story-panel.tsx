import { EventLink, Sentence } from "./event-link.tsx";
import * as moves from "./moves.ts";
import * as store from "./store.ts";

function Offers() {
  const offers = store.story.value.value?.offers ?? [];
  if (offers.length === 0) return null;
  return (
    <section class="offers">
      <h3>What if …</h3>
      {offers.map(({ text, edits }) => (
        <button key={text} type="button" onClick={() => void moves.askWhatIf(text, edits)}>
          … {text}?
        </button>
      ))}
    </section>
  );
}

/** Another story that may be told: of the event that one is at, or of the page there. */
function AskStory() {
  const page = store.asked.value;
  const at = store.at.value;
  const row = store.current.value.value?.[0];
  if (store.told.value?.at === at || row === undefined || row.seq !== at || at === 0) return null;
  const isDma = /^Dma/.test(row.type);
  if (!isDma && page === undefined) return null;
  const choose = (): void => {
    if (isDma) moves.select(at);
    else if (page !== undefined) store.told.value = { at, asked: page };
  };
  return (
    <p class="ask-story">
      <button type="button" class="small" onClick={choose}>
        {isDma
          ? `Tell of event ${at.toString()} instead`
          : `Tell what a ${page?.access} of ${page?.iova} would come to here`}
      </button>
    </p>
  );
}

const count = (of: number | undefined): string => (of ?? 0).toLocaleString("en-US");

/** What is open, and where to begin. */
function Introduction() {
  const log = store.log.value;
  const summary = store.summary.value.value;
  const first = summary?.faults[0];
  return (
    <div class="introduction">
      <h3 class="headline">
        {count(log?.inputs)} inputs, {count(log?.events)} events
      </h3>
      <p>
        Each input is what the outside did; below it are the facts that followed. Choose a DMA or a
        fault, in the list, in the timeline or on the left, and this tells what led to it.
      </p>
      {first !== undefined && (
        <p>
          {count(summary?.blocked)} DMA were blocked. Begin with the one at{" "}
          <EventLink seq={first.first} />: a {first.access} of {first.iova} by {first.device}.
        </p>
      )}
      <p class="faint">
        <kbd>←</kbd> <kbd>→</kbd> step, with <kbd>Shift</kbd> over whole inputs · <kbd>F</kbd> next
        fault · <kbd>/</kbd> search · <kbd>Ctrl K</kbd> everything
      </p>
    </div>
  );
}

/** Why a DMA came to what it did, as a story whose numbers lead to their events. */
export function StoryPanel() {
  const { value: story, error } = store.story.value;
  if (error !== undefined) return <p class="bad">{error}</p>;
  if (story === undefined) {
    return (
      <div class="panel-body">
        <Introduction />
        <AskStory />
      </div>
    );
  }
  return (
    <div class="panel-body story">
      <AskStory />
      <h3 class="headline">
        <Sentence pieces={story.title} />
      </h3>
      {story.conclusion !== undefined && (
        <p class="conclusion">
          <Sentence pieces={story.conclusion} />
        </p>
      )}
      {story.write !== undefined && (
        <p class="path">
          <span>
            the write: <EventLink seq={story.write} />
          </span>
          {story.announced !== undefined && (
            <span>
              announced: <EventLink seq={story.announced} />
            </span>
          )}
          <span>
            met: <EventLink seq={story.at} />
          </span>
        </p>
      )}
      <ol>
        {story.sentences.map((pieces, index) => (
          <li key={index}>
            <Sentence pieces={pieces} />
          </li>
        ))}
      </ol>
      <Offers />
    </div>
  );
}
