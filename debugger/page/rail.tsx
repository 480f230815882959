import type { FaultGroup } from "../protocol.ts";
import { EventAnchor } from "./event-link.tsx";
import * as moves from "./moves.ts";
import * as store from "./store.ts";

const kindText: Readonly<Record<FaultGroup["kind"], string>> = {
  unmapped: "DMA after unmapping",
  "never mapped": "DMA to a page that was never mapped",
  "not allowed": "Access that the mapping does not allow",
  host: "Blocked by the host",
  other: "Blocked DMA",
};

function look(seq: number): void {
  moves.select(seq, "zoom");
  moves.show("why");
}

function Fault({ group }: { group: FaultGroup }) {
  const pages = group.pages === 1 ? "" : `, ${group.pages.toString()} pages`;
  const isAt = store.at.value === group.first;
  return (
    <li>
      <EventAnchor
        seq={group.first}
        class={`card kind-${group.kind.replaceAll(" ", "-")}`}
        aria-current={isAt ? "true" : undefined}
        go={() => look(group.first)}
      >
        <strong>{kindText[group.kind]}</strong>
        <span class="mono">
          {group.device} {group.access} {group.iova}
          {pages}
        </span>
        <span class="faint">
          {group.count} × from event {group.first}
        </span>
      </EventAnchor>
    </li>
  );
}

/** What is worth a look before anything else. */
function LookFirst() {
  const { value, isWaiting } = store.summary.value;
  if (value === undefined) return <p class="faint">{isWaiting ? "Looking…" : "Reading…"}</p>;
  const { faults, findings, findingCount, blocked } = value;
  if (blocked === 0 && findingCount === 0) {
    return <p class="good">Nothing was blocked, and every law holds.</p>;
  }
  return (
    <>
      {findingCount > 0 && (
        <ul class="cards">
          {findings.map((one, index) => (
            <li key={index}>
              <EventAnchor seq={one.seq} class="card kind-finding" go={() => look(one.seq)}>
                <strong>Law {one.law} does not hold</strong>
                <bdi>{one.text}</bdi>
                <span class="faint">event {one.seq}</span>
              </EventAnchor>
            </li>
          ))}
        </ul>
      )}
      {blocked > 0 && <p class="faint">{blocked} DMA blocked, of these kinds:</p>}
      <ul class="cards">
        {faults.map((group) => (
          <Fault key={group.first} group={group} />
        ))}
      </ul>
    </>
  );
}

function Found() {
  const answer = store.found.value;
  if (answer === undefined) return null;
  const { rows, isWhole } = answer;
  return (
    <>
      <p class="faint" role="status">
        {rows.length === 0
          ? "No event fits."
          : `${rows.length}${isWhole ? "" : "+"} event${rows.length === 1 ? "" : "s"}`}
      </p>
      <ul class="found">
        {rows.map((row) => (
          <li key={row.seq}>
            <EventAnchor seq={row.seq} title={row.text}>
              <span class="seq">{row.seq}</span> {row.type}
            </EventAnchor>
          </li>
        ))}
      </ul>
    </>
  );
}

function Search() {
  return (
    <form
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        void moves.search(store.where.peek());
      }}
    >
      <label for="search">Search</label>
      <input
        id="search"
        type="text"
        spellcheck={false}
        autocomplete="off"
        placeholder={'fact == "DmaBlocked" && iova > 0x1000'}
        value={store.where.value}
        onInput={({ currentTarget }) => (store.where.value = currentTarget.value)}
      />
      <div class="row-of-buttons">
        <button
          type="button"
          title="Continue back (Shift N)"
          onClick={() => void moves.continueTo(store.where.peek(), true)}
        >
          ◀ Back to
        </button>
        <button
          type="button"
          title="Continue (N)"
          onClick={() => void moves.continueTo(store.where.peek(), false)}
        >
          On to ▶
        </button>
        <button type="submit">All</button>
      </div>
      {store.searchError.value !== undefined && (
        <p class="bad" role="alert">
          {store.searchError.value}
        </p>
      )}
    </form>
  );
}

function Bookmarks() {
  const marks = store.bookmarks.value;
  return (
    <>
      <h2>
        Bookmarks{" "}
        <button type="button" class="small" onClick={moves.toggleBookmark} title="B">
          {marks.some(({ seq }) => seq === store.at.value) ? "Unmark" : "Mark"} event{" "}
          {store.at.value}
        </button>
      </h2>
      <ul class="found">
        {marks.map(({ seq, text }) => (
          <li key={seq}>
            <EventAnchor seq={seq}>
              <span class="seq">{seq}</span> {text}
            </EventAnchor>
          </li>
        ))}
      </ul>
    </>
  );
}

/** What to look at, how to find it, and what one has marked. */
export function Rail() {
  return (
    <nav class="rail" aria-label="Where to look">
      <Search />
      <Found />
      <h2>Look here first</h2>
      <LookFirst />
      <Bookmarks />
    </nav>
  );
}
