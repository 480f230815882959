import type { DivergenceView, DmaChange, OutcomeView, WhatIfView } from "../protocol.ts";
import { EditHere } from "./edit-here.tsx";
import { EventLink } from "./event-link.tsx";
import * as moves from "./moves.ts";
import * as store from "./store.ts";

function Outcome({ outcome, isHere }: { outcome: OutcomeView | undefined; isHere: boolean }) {
  if (outcome === undefined) return <td class="faint">did not happen</td>;
  return (
    <td class={outcome.good ? "landed" : "blocked"}>
      {outcome.text}
      {isHere && (
        <>
          {" "}
          <EventLink seq={outcome.seq} />
        </>
      )}
    </td>
  );
}

function Requests({ dma }: { dma: readonly DmaChange[] }) {
  return (
    <table class="side-by-side">
      <thead>
        <tr>
          <th scope="col">Request</th>
          <th scope="col">As it was</th>
          <th scope="col">What if</th>
        </tr>
      </thead>
      <tbody>
        {dma.map((one, index) => (
          <tr key={index}>
            <th scope="row" class="mono">
              {one.device} {one.iova}
            </th>
            <Outcome outcome={one.left} isHere={true} />
            <Outcome outcome={one.right} isHere={false} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Side({
  side,
  other,
  name,
}: Record<"side" | "other", DivergenceView | undefined> & {
  name: string;
}) {
  if (side === undefined) return <div class="side faint">{name}: nothing here</div>;
  const known = new Set(other?.facts ?? []);
  return (
    <div class="side">
      <h4>{name}</h4>
      <p class="mono">{side.input}</p>
      <ul>
        {side.facts.map((fact, index) => (
          <li key={index} class={known.has(fact) ? "faint" : "only"}>
            {fact}
          </li>
        ))}
      </ul>
    </div>
  );
}

function conclusionOf({ dma, dmaDiffering }: WhatIfView): string {
  if (dmaDiffering === 0) return "No request of a device comes to anything else.";
  const now = dma.filter(({ left, right }) => right?.good && !left?.good).length;
  const lost = dma.filter(({ left, right }) => !right?.good && left?.good).length;
  const parts = [
    ...(now > 0 ? [`${now.toString()} that were blocked land`] : []),
    ...(lost > 0 ? [`${lost.toString()} that landed do not`] : []),
    ...(now + lost < dma.length ? [`${(dma.length - now - lost).toString()} go elsewhere`] : []),
  ];
  return `${dmaDiffering.toString()} requests come to something else: ${parts.join(", ")}.`;
}

function Result({ view }: { view: WhatIfView }) {
  return (
    <section class="result" aria-label="What would have been">
      <h3>What if {view.title}?</h3>
      <p class="conclusion">{conclusionOf(view)}</p>
      <p class="faint">
        {view.dmaSame} come to the same; {view.differing} inputs differ or have other facts.
      </p>
      {view.appeared.length > 0 && (
        <p class="bad">
          Laws that no longer hold:{" "}
          {view.appeared.map(({ law, text }) => `${law} (${text})`).join("; ")}
        </p>
      )}
      {view.vanished.length > 0 && (
        <p class="good">
          No longer broken: {view.vanished.map(({ law, seq }) => `${law} at ${seq}`).join("; ")}
        </p>
      )}
      {view.dma.length > 0 && <Requests dma={view.dma} />}
      {view.first !== undefined && (
        <>
          <h3>
            Where they part{" "}
            {view.first.left?.seq !== undefined && <EventLink seq={view.first.left.seq} />}
          </h3>
          <div class="sides">
            <Side side={view.first.left} other={view.first.right} name="As it was" />
            <Side side={view.first.right} other={view.first.left} name="What if" />
          </div>
        </>
      )}
      <details>
        <summary>What is done differently: {view.edits.length} inputs</summary>
        <ul class="mono">
          {view.edits.map((text, index) => (
            <li key={index}>{text}</li>
          ))}
        </ul>
      </details>
    </section>
  );
}

/** What would have been, had something been done differently. */
export function WhatIfPanel() {
  const { isBusy, error } = store.whatIfState.value;
  const offers = store.story.value.value?.offers ?? [];
  return (
    <div class="panel-body what-if">
      {isBusy && (
        <p role="status">
          Folding the other run…{" "}
          <button type="button" onClick={() => store.client.cancel()}>
            Stop
          </button>
        </p>
      )}
      {error !== undefined && <p class="bad">That cannot be: {error}</p>}
      {store.whatIf.value !== undefined && <Result view={store.whatIf.value} />}
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
