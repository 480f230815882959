import { EventLink, Sentence } from "./event-link.tsx";
import * as store from "./store.ts";

function Offers() {
  const offers = store.story.value.value?.offers ?? [];
  if (offers.length === 0) return null;
  return (
    <section class="offers">
      <h3>What if …</h3>
      {offers.map(({ text, edits }) => (
        <button key={text} type="button" onClick={() => void store.askWhatIf(text, edits)}>
          … {text}?
        </button>
      ))}
    </section>
  );
}

/** Where nothing is told of the event itself: the page that it is about can be. */
function AskStory() {
  const page = store.asked.value;
  const at = store.at.value;
  if (page === undefined || store.told.value?.at === at) return null;
  return (
    <p>
      <button
        type="button"
        onClick={() => {
          store.told.value = { at, asked: page };
        }}
      >
        Tell of a {page.access} of {page.iova} by {page.device} after event {at}
      </button>
    </p>
  );
}

/** Why a DMA came to what it did, as a story whose numbers lead to their events. */
export function StoryPanel() {
  const { value: story, error } = store.story.value;
  if (error !== undefined) return <p class="bad">{error}</p>;
  if (story === undefined) {
    return (
      <div class="panel-body">
        <p class="faint">
          Choose a DMA or a fault, in the list, in the timeline or on the left, and this tells the
          events that led to it.
        </p>
        <AskStory />
      </div>
    );
  }
  return (
    <div class="panel-body story">
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
      <AskStory />
    </div>
  );
}
