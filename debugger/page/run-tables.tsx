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

/** The names of both runs, which are a file's or a user's. */
function Head({ of, names }: { of: string; names: Names }) {
  return (
    <thead>
      <tr>
        <th scope="col">{of}</th>
        <th scope="col">
          <bdi>{names.left}</bdi>
        </th>
        <th scope="col">
          <bdi>{names.right}</bdi>
        </th>
      </tr>
    </thead>
  );
}

/** What each request came to in both runs. */
export function Requests({ dma, names }: { dma: readonly DmaChange[]; names: Names }) {
  return (
    <table class="side-by-side">
      <Head of="Request" names={names} />
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
      <Head of="Event" names={names} />
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
