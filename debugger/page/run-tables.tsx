import type { DifferenceView, DivergenceView, DmaChange, OutcomeView } from "../protocol.ts";
import { EventLink } from "./event-link.tsx";
import type { KeptRun } from "./kept-runs.ts";

/** What the two sides are called. */
export type Names = KeptRun["sides"];

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

/** What each request came to in both runs. */
export function Requests({ dma, names }: { dma: readonly DmaChange[]; names: Names }) {
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
export function Differences({ all, names }: { all: readonly DifferenceView[]; names: Names }) {
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
