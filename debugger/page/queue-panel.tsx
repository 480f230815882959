import type { QueueSlot, QueueView } from "../protocol.ts";
import { EventLink } from "./event-link.tsx";
import { Fields } from "./fields.tsx";
import * as store from "./store.ts";

const [size, outer, inner] = [230, 104, 86];
const middle = size / 2;

function point(turn: number, radius: number): string {
  const angle = turn * 2 * Math.PI - Math.PI / 2;
  const [x, y] = [middle + radius * Math.cos(angle), middle + radius * Math.sin(angle)];
  return `${x.toFixed(2)} ${y.toFixed(2)}`;
}

/** A part of the ring, between two turns from 0 to 1; may go round past 1. */
function arc(from: number, to: number): string {
  const big = to - from > 0.5 ? 1 : 0;
  return [
    `M ${point(from, outer)} A ${outer} ${outer} 0 ${big} 1 ${point(to, outer)}`,
    `L ${point(to, inner)} A ${inner} ${inner} 0 ${big} 0 ${point(from, inner)} Z`,
  ].join(" ");
}

function Hand({ turn, name }: { turn: number; name: string }) {
  const [x, y] = point(turn, outer + 5).split(" ");
  const [u, v] = point(turn, inner - 6).split(" ");
  const [a, b] = point(turn, outer - 48).split(" ");
  return (
    <g class={`hand hand-${name}`}>
      <line x1={x} y1={y} x2={u} y2={v} />
      <text x={a} y={b}>
        {name}
      </text>
    </g>
  );
}

function Ring({ queue }: { queue: QueueView }) {
  const { slots, head, tail } = queue;
  const waiting = (tail - head + slots) % slots;
  const isSame = head === tail;
  const ticks = Math.min(slots, 64);
  const label = `head ${head.toString()}, tail ${tail.toString()} of ${slots.toString()} slots`;
  return (
    <svg class="ring" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}>
      <circle class="track" cx={middle} cy={middle} r={(outer + inner) / 2} />
      {Array.from({ length: ticks }, (_, index) => (
        <path
          key={index}
          class="tick"
          d={`M ${point(index / ticks, inner)} L ${point(index / ticks, outer)}`}
        />
      ))}
      {waiting > 0 && <path class="waiting" d={arc(head / slots, (head + waiting) / slots)} />}
      <Hand turn={head / slots} name={isSame ? "head = tail" : "head"} />
      {!isSame && <Hand turn={tail / slots} name="tail" />}
      <text class="count" x={middle} y={middle - 4}>
        {waiting}
      </text>
      <text class="label" x={middle} y={middle + 14}>
        waiting
      </text>
    </svg>
  );
}

function Slot({ slot }: { slot: QueueSlot }) {
  return (
    <li class={`slot ${slot.place}`}>
      <div class="slot-head">
        <span class="mono faint">{slot.index}</span>
        <strong>{slot.name}</strong>
        {slot.fetched !== undefined && <EventLink seq={slot.fetched} />}
      </div>
      <Fields fields={slot.fields.filter(({ set, name }) => set && !name.startsWith("type"))} />
    </li>
  );
}

/** The invalidation queue as a ring, with what waits in it and what was done last. */
export function QueuePanel() {
  const { value: queue, error } = store.queue.value;
  if (error !== undefined) return <p class="bad">{error}</p>;
  if (queue === undefined) return <p class="faint panel-body">Looking…</p>;
  const waiting = queue.near.filter(({ place }) => place === "waiting");
  const done = queue.near.filter(({ place }) => place === "done");
  return (
    <div class="panel-body queue">
      <h3>
        Invalidation queue: {queue.state}
        {queue.errors.map((name) => (
          <span key={name} class="flag bad">
            {name}
          </span>
        ))}
      </h3>
      {queue.slots > 0 && (
        <div class="ring-and-slots">
          <div>
            <Ring queue={queue} />
            <p class="faint">
              {queue.slots} slots of {queue.step} bytes at <span class="mono">{queue.base}</span>
            </p>
          </div>
          <div>
            <h4>Waiting</h4>
            {waiting.length === 0 && <p class="faint">nothing</p>}
            <ol class="slots">
              {waiting.map((slot) => (
                <Slot key={slot.index} slot={slot} />
              ))}
            </ol>
            <h4>Done, the newest first</h4>
            <ol class="slots">
              {done.map((slot) => (
                <Slot key={slot.index} slot={slot} />
              ))}
            </ol>
          </div>
        </div>
      )}
    </div>
  );
}
