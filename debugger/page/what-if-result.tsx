import { useEffect } from "preact/hooks";
import type { DifferenceView, DivergenceView, DmaChange, OutcomeView } from "../protocol.ts";
import { EventLink } from "./event-link.tsx";
import type { KeptRun } from "./kept-runs.ts";
import { conclusionOf } from "./run-conclusion.ts";

function Outcome({ outcome, isHere }: { outcome: OutcomeView | undefined; isHere: boolean }) {
  if (outcome === undefined) return <td class="faint">did not happen</td>;
  // Whether it is good that a request lands is not known here.
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

type Names = KeptRun["sides"];

function Requests({ dma, names }: { dma: readonly DmaChange[]; names: Names }) {
  return (
    <table class="side-by-side">
      <thead>
        <tr>
          <th scope="col">Request</th>
          <th scope="col">
            <bdi>{names.left}</bdi>
          </th>
          <th scope="col">
            <bdi>{names.right}</bdi>
          </th>
        </tr>
      </thead>
      <tbody>
        {dma.map((one, index) => (
          <tr key={index}>
            <th scope="row" class="mono">
              {one.device} {one.iova}
            </th>
            <Outcome outcome={one.left} isHere={names.isHere} />
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
  if (side === undefined) {
    return (
      <div class="side faint">
        <bdi>{name}</bdi>: nothing here
      </div>
    );
  }
  const known = new Set(other?.facts ?? []);
  return (
    <div class="side">
      <h4>
        <bdi>{name}</bdi>
      </h4>
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

const shortOf = (side: DivergenceView | undefined) => {
  if (side === undefined) return <span class="faint">nothing</span>;
  return (
    <>
      {side.input}
      {side.facts.length > 0 && <span class="faint"> · {side.facts.length} facts</span>}
    </>
  );
};

/** All differences that are listed, one row each. */
function Differences({ all, names }: { all: readonly DifferenceView[]; names: Names }) {
  return (
    <table class="side-by-side differences">
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">{names.left}</th>
          <th scope="col">{names.right}</th>
        </tr>
      </thead>
      <tbody>
        {all.map(({ left, right }, index) => (
          <tr key={index}>
            <th scope="row">
              {left?.seq !== undefined && names.isHere ? (
                <EventLink seq={left.seq} text={left.seq.toString()} />
              ) : (
                (left?.seq ?? "—")
              )}
            </th>
            <td class="mono">{shortOf(left)}</td>
            <td class="mono">{shortOf(right)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function WhereTheyPart({ run, names }: { run: KeptRun; names: Names }) {
  const { first, passedOver } = run.view;
  if (first === undefined) return null;
  const { left, right } = first;
  const seq = left?.seq;
  return (
    <>
      <h3>
        {run.edits === undefined ? "The first difference that matters" : "Where they part"}{" "}
        {seq !== undefined && names.isHere && <EventLink seq={seq} />}
        {passedOver > 0 && (
          <span class="faint"> after {passedOver} before it that change nothing</span>
        )}
      </h3>
      <div class="sides">
        <Side side={left} other={right} name={names.left} />
        <Side side={right} other={left} name={names.right} />
      </div>
    </>
  );
}

function Laws({ run }: { run: KeptRun }) {
  const { appeared, vanished } = run.view;
  return (
    <>
      {appeared.length > 0 && (
        <p class="bad">
          Laws that no longer hold:{" "}
          <bdi>{appeared.map(({ law, text }) => `${law} (${text})`).join("; ")}</bdi>
        </p>
      )}
      {vanished.length > 0 && (
        <p class="good">
          No longer broken: {vanished.map(({ law, seq }) => `${law} at ${seq}`).join("; ")}
        </p>
      )}
    </>
  );
}

/** Two runs side by side: what it comes to, where they part, and everything that differs. */
export function Result({ run }: { run: KeptRun }) {
  const { view, edits } = run;
  const isBranch = edits !== undefined;
  const names = run.sides;
  // What was asked for below is shown above.
  useEffect(() => document.getElementById("panel")?.scrollTo(0, 0), [run.key]);
  const parts = <WhereTheyPart run={run} names={names} />;
  return (
    <section class="result" aria-label="What would have been">
      <h3>
        {isBranch ? (
          <>What if {view.title}?</>
        ) : (
          <>
            <bdi>{names.left}</bdi> beside <bdi>{names.right}</bdi>
          </>
        )}
      </h3>
      {view.note !== undefined && (
        <p class="bad">
          The other log ends before it should: <bdi>{view.note}</bdi>
        </p>
      )}
      <p class={view.dmaDiffering === 0 ? "conclusion calm" : "conclusion"}>{conclusionOf(view)}</p>
      <p class="faint">
        {view.dmaSame} come to the same; {view.differing} inputs differ or have other facts.
      </p>
      <Laws run={run} />
      {!isBranch && parts}
      {view.dma.length > 0 && <Requests dma={view.dma} names={names} />}
      {isBranch && parts}
      {view.differences.length > 0 && (
        <details>
          <summary>
            {view.differing === view.differences.length ? "All" : `The first`}{" "}
            {view.differences.length} differences
          </summary>
          <Differences all={view.differences} names={names} />
        </details>
      )}
      {isBranch && (
        <details>
          <summary>What is done differently: {view.edits.length} inputs</summary>
          <ul class="mono">
            {view.edits.map((text, index) => (
              <li key={index}>{text}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
