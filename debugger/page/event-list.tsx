import { signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { EventRow } from "../protocol.ts";
import { EventAnchor } from "./event-link.tsx";
import * as moves from "./moves.ts";
import { resource } from "./resource.ts";
import * as store from "./store.ts";

const rowHeight = 22;
/** A list is never higher than browsers can scroll. */
const highest = 8_000_000;

/** The first event of the list, and how many have room. */
const top = signal(1);
const room = signal(20);

const rows = resource(store.client, "rows", () => {
  const log = store.log.value;
  if (log === undefined || log.events === 0) return undefined;
  return { from: top.value, count: room.value + 1 };
});

const lastTop = (): number => Math.max(1, (store.log.peek()?.events ?? 0) - room.peek() + 2);

function moveTo(seq: number): void {
  top.value = Math.min(lastTop(), Math.max(1, Math.round(seq)));
}

function Row({ row, isAt }: { row: EventRow; isAt: boolean }) {
  const isFact = row.cause !== row.seq;
  const classes = ["row", isFact ? "fact" : "input", isAt ? "is-at" : "", row.bad ? "bad" : ""];
  const title = row.findings.length > 0 ? row.findings.join("\n") : `${row.type} ${row.text}`;
  return (
    <EventAnchor
      seq={row.seq}
      class={classes.join(" ")}
      title={title}
      tabIndex={-1}
      aria-current={isAt ? "true" : undefined}
      go={() => moves.select(row.seq)}
    >
      <span class="seq">{row.seq}</span>
      <span class={`dot lane-${row.kind}`} aria-hidden="true" />
      <span class="type">{row.type}</span>
      {row.findings.length > 0 && <span class="flag">{row.findings.length} broken</span>}
      <bdi class="text">{row.text}</bdi>
    </EventAnchor>
  );
}

/** Events around the one that one is at; the list is as long as the run. */
export function EventList() {
  const element = useRef<HTMLDivElement>(null);
  const isOwnScroll = useSignal(false);
  useLayoutEffect(() => {
    const of = element.current;
    if (of === null) return;
    const observer = new ResizeObserver(() => {
      room.value = Math.max(4, Math.floor(of.clientHeight / rowHeight));
    });
    observer.observe(of);
    return () => observer.disconnect();
  }, []);
  useSignalEffect(() => {
    const seq = store.at.value;
    const [first, count] = [top.peek(), room.peek()];
    if (seq < first + 2 || seq > first + count - 3) moveTo(seq - Math.floor(count / 3));
  });
  const events = store.log.value?.events ?? 0;
  const tall = Math.min(highest, (events + 1) * rowHeight);
  const share = (): number => {
    const of = element.current;
    return of === null ? 0 : Math.max(1, tall - of.clientHeight) / Math.max(1, lastTop() - 1);
  };
  useSignalEffect(() => {
    const of = element.current;
    const wanted = (top.value - 1) * share();
    if (of === null || Math.abs(of.scrollTop - wanted) < share()) return;
    isOwnScroll.value = true;
    of.scrollTop = wanted;
  });
  useEffect(() => {
    const of = element.current;
    if (of === null) return;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      moveTo(
        top.peek() + Math.sign(event.deltaY) * Math.max(1, Math.abs(event.deltaY) / rowHeight),
      );
    };
    of.addEventListener("wheel", wheel, { passive: false });
    return () => of.removeEventListener("wheel", wheel);
  }, []);
  const onScroll = (): void => {
    const of = element.current;
    if (of === null) return;
    if (isOwnScroll.peek()) isOwnScroll.value = false;
    else moveTo(1 + of.scrollTop / share());
  };
  return (
    <section class="events" aria-label="Events">
      <h2>
        Events <span class="faint">inputs, and the facts that follow</span>
      </h2>
      <div ref={element} class="rows" onScroll={onScroll} tabIndex={0} role="group">
        <div class="sizer" style={{ height: `${tall.toString()}px` }}>
          <div class="visible">
            {(rows.value.value ?? []).map((row) => (
              <Row key={row.seq} row={row} isAt={row.seq === store.at.value} />
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}
