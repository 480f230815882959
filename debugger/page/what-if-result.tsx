import { useEffect } from "preact/hooks";
import type { DivergenceView } from "../protocol.ts";
import { EventLink } from "./event-link.tsx";
import type { KeptRun } from "./kept-runs.ts";
import { conclusionOf } from "./run-conclusion.ts";
import type { Names } from "./run-tables.tsx";
import { Differences, Requests } from "./run-tables.tsx";

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
