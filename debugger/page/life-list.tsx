import type { LifeView } from "../protocol.ts";
import { EventAnchor, EventLink } from "./event-link.tsx";
import * as store from "./store.ts";

const shareOf = (value: number, all: number): number => (value / Math.max(1, all)) * 100;

/** The life of a page as a strip as long as the run. */
export function LifeStrip({ life, at }: { life: readonly LifeView[]; at: number }) {
  const all = store.log.value?.events ?? 1;
  return (
    <div class="life-strip">
      {life.map((one) => (
        <EventAnchor
          key={one.from}
          seq={one.from}
          tabIndex={-1}
          class={`life-${one.kind}`}
          style={{
            left: `${shareOf(one.from, all).toString()}%`,
            width: `${Math.max(0.3, shareOf((one.until ?? all) - one.from, all)).toString()}%`,
          }}
          title={`from event ${one.from.toString()}: ${one.text}`}
          aria-label={`from event ${one.from.toString()}: ${one.text}`}
        >
          {""}
        </EventAnchor>
      ))}
      <span class="life-cursor" style={{ left: `${shareOf(at, all).toString()}%` }} />
    </div>
  );
}

/** The life of a page, time by time. */
export function Lives({ life, at }: { life: readonly LifeView[]; at: number }) {
  const now = life.findLast(({ from }) => from <= at);
  return (
    <ol class="lives">
      {life.map((one) => (
        <li key={one.from} class={one === now ? "is-at" : ""}>
          <EventLink seq={one.from} text={one.from.toString()} />
          <span class={`dot life-${one.kind}`} aria-hidden="true" />
          <span>
            {one.text}
            <span class="faint">
              {one.writer !== undefined && (
                <>
                  {" "}
                  · {one.entryWriter === undefined ? "write" : "changed since"}{" "}
                  <EventLink seq={one.writer} text={one.writer.toString()} />
                </>
              )}
              {one.entryWriter !== undefined && (
                <>
                  {" "}
                  · its entry written{" "}
                  <EventLink seq={one.entryWriter} text={one.entryWriter.toString()} />
                </>
              )}
              {one.announced !== undefined && (
                <>
                  {" "}
                  · announced <EventLink seq={one.announced} text={one.announced.toString()} />
                </>
              )}
              {one.firstUse !== undefined && (
                <>
                  {" "}
                  · {one.landed} landed, {one.blocked} blocked, first{" "}
                  <EventLink seq={one.firstUse} text={one.firstUse.toString()} />
                </>
              )}
            </span>
          </span>
        </li>
      ))}
    </ol>
  );
}
