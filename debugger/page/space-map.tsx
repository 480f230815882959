import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { SpaceRow, SpaceStrip, SpaceView } from "../protocol.ts";
import { EventLink } from "./event-link.tsx";
import * as store from "./store.ts";

const names: Readonly<Record<SpaceRow["kind"], string>> = {
  mapped: "mapped, never used",
  used: "in use",
  met: "requests were blocked",
  pending: "a change waits",
  above: "only an entry above changed",
};
const kinds: readonly SpaceRow["kind"][] = ["mapped", "used", "met", "pending", "above"];

/** Shows a page's translation and its life. */
function lookAt(row: SpaceRow): void {
  store.asked.value = row.asked;
  document.getElementById("life")?.scrollIntoView({ block: "nearest" });
}

const cellWidth = 4;
const stripHeight = 14;

/** Cells side by side that lead to one row, as one rectangle. */
function* blocksOf({ cells }: SpaceStrip): Generator<[from: number, to: number, row: number]> {
  let from = 0;
  for (let at = 1; at <= cells.length; at++) {
    if (cells[at] === cells[from]) continue;
    const row = cells[from] ?? 0;
    if (row !== 0) yield [from, at, row];
    from = at;
  }
}

function Strip({ strip, rows }: { strip: SpaceStrip; rows: readonly SpaceRow[] }) {
  const width = strip.cells.length * cellWidth;
  return (
    <li>
      <span class="mono">{strip.from}</span>
      <svg viewBox={`0 0 ${width} ${stripHeight}`} preserveAspectRatio="none" aria-hidden="true">
        {[...blocksOf(strip)].map(([from, to, number]) => {
          const row = rows[number - 1];
          if (row === undefined) return null;
          return (
            <rect
              key={from}
              class={`space-${row.kind}`}
              x={from * cellWidth}
              y={0}
              width={(to - from) * cellWidth - 0.4}
              height={stripHeight}
              data-row={number - 1}
            >
              <title>
                {row.from}: {row.text}
              </title>
            </rect>
          );
        })}
      </svg>
    </li>
  );
}

const listed = 200;

/** The same as a table: what the map draws, in words. */
function Table({ rows }: { rows: readonly SpaceRow[] }) {
  const isOpen = useSignal(false);
  return (
    <details onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
      <summary>The map as a table: {rows.length} ranges</summary>
      {isOpen.value && (
        <div class="wide" tabIndex={0} role="group" aria-label="Ranges of the address space">
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col">To</th>
                <th scope="col">Pages</th>
                <th scope="col">What it is</th>
                <th scope="col">Changed since</th>
                <th scope="col">Last request</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, listed).map((row) => (
                <tr key={row.first}>
                  <th scope="row">
                    <button type="button" class="event-link" onClick={() => lookAt(row)}>
                      {row.from}
                    </button>
                  </th>
                  <td class="mono">{row.to}</td>
                  <td>{row.count}</td>
                  <td>{row.text}</td>
                  <td>
                    {row.pendingSince !== undefined && (
                      <EventLink seq={row.pendingSince} text={row.pendingSince.toString()} />
                    )}
                  </td>
                  <td>
                    {row.lastUse !== undefined && (
                      <EventLink seq={row.lastUse} text={row.lastUse.toString()} />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length > listed && <p class="faint">and {rows.length - listed} more</p>}
        </div>
      )}
    </details>
  );
}

/** What the map shows, in a sentence. */
const summaryOf = ({ name, pages }: SpaceView): string =>
  `${name}: ${kinds.map((kind) => `${pages[kind].toString()} pages ${names[kind]}`).join(", ")}`;

/** A click on the map leads to the page that lies there. */
function useClicks(rows: readonly SpaceRow[]) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const of = element.current;
    const click = ({ target }: MouseEvent): void => {
      const place = target instanceof Element ? target.closest("rect")?.dataset["row"] : undefined;
      const row = rows[Number(place ?? -1)];
      if (row !== undefined) lookAt(row);
    };
    of?.addEventListener("click", click);
    return () => of?.removeEventListener("click", click);
  }, [rows]);
  return element;
}

function Drawn({ space }: { space: SpaceView }) {
  const element = useClicks(space.rows);
  const [strip] = space.strips;
  return (
    <>
      <p class="faint">
        {space.note} Used and blocked count since a page is mapped as it is, or is not mapped.
        {strip !== undefined && strip.each > 1 && (
          <> One cell is {strip.each.toLocaleString("en-US")} pages; what waits is seen first.</>
        )}
      </p>
      <ul class="space-legend">
        {kinds.map((kind) => (
          <li key={kind}>
            <span class={`dot space-${kind}`} aria-hidden="true" />
            {names[kind]} <span class="faint">{pages(space.pages[kind])}</span>
          </li>
        ))}
      </ul>
      <div ref={element} role="img" aria-label={summaryOf(space)}>
        <ul class="space-strips">
          {space.strips.map((one) => (
            <Strip key={one.from} strip={one} rows={space.rows} />
          ))}
        </ul>
      </div>
      {!space.isWhole && <p class="warn">There is more than can be shown.</p>}
      {space.rows.length > 0 && <Table rows={space.rows} />}
    </>
  );
}

const pages = (count: number): string =>
  `${count.toLocaleString("en-US")} page${count === 1 ? "" : "s"}`;

/** The address space of the domain that the page which is asked about lies in. */
export function SpaceMap() {
  const { value: space, error } = store.space.value;
  return (
    <details
      class="space"
      open={store.showsMap.value}
      onToggle={({ currentTarget }) => (store.isMapOpen.value = currentTarget.open)}
    >
      <summary>
        <h3>Address space{space === undefined ? "" : ` of ${space.name}`}</h3>
      </summary>
      {error !== undefined && <p class="bad">{error}</p>}
      {error === undefined && space !== undefined && <Drawn space={space} />}
    </details>
  );
}
