import { EditHere } from "./edit-here.tsx";
import * as moves from "./moves.ts";
import { RunList } from "./run-list.tsx";
import * as store from "./store.ts";
import { Result } from "./what-if-result.tsx";

/** What would have been, had something been done differently; and other runs beside this one. */
export function WhatIfPanel() {
  const { isBusy, error } = store.whatIfState.value;
  const offers = store.story.value.value?.offers ?? [];
  const run = store.run.value;
  return (
    <div class="panel-body what-if">
      {isBusy && (
        <p role="status">
          Folding the other run…{" "}
          <button type="button" onClick={() => store.client.cancel("question")}>
            Stop
          </button>
        </p>
      )}
      {error !== undefined && (
        <p class="bad" role="alert">
          That cannot be: <bdi>{error}</bdi>
        </p>
      )}
      <RunList />
      {run !== undefined && <Result run={run} />}
      {offers.length > 0 && (
        <section class="offers">
          <h3>Of the story that is told</h3>
          {offers.map(({ text, edits }) => (
            <button key={text} type="button" onClick={() => void moves.askWhatIf(text, edits)}>
              … {text}?
            </button>
          ))}
        </section>
      )}
      <EditHere />
    </div>
  );
}
