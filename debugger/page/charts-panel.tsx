import type { ArrowView, ChartState } from "../protocol.ts";
import { EventLink } from "./event-link.tsx";
import * as store from "./store.ts";

const [width, boxWidth, boxHeight, gap] = [84, 78, 30, 20];

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly names: readonly string[];
}

/** Transitions that lead elsewhere, one edge for each pair of states. */
function edgesOf({ states, arrows }: ChartState): readonly Edge[] {
  const edges = new Map<string, { from: number; to: number; names: string[] }>();
  const add = ({ name }: ArrowView, from: number, to: number): void => {
    if (from < 0 || to < 0 || from === to) return;
    const key = `${from.toString()} ${to.toString()}`;
    const known = edges.get(key) ?? { from, to, names: [] };
    known.names.push(name);
    edges.set(key, known);
  };
  for (const arrow of arrows) {
    if (arrow.to === undefined) continue;
    const to = states.indexOf(arrow.to);
    if (arrow.from !== undefined) add(arrow, states.indexOf(arrow.from), to);
    else for (const [from] of states.entries()) add(arrow, from, to);
  }
  return [...edges.values()];
}

const centre = (index: number): number => index * (width + gap) + boxWidth / 2 + 4;

/** An edge bends above the states where it leads on, below where it leads back. */
function pathOf({ from, to }: Edge, top: number): string {
  const isOn = to > from;
  const far = Math.abs(to - from);
  const edge = isOn ? top : top + boxHeight;
  const bend = edge + (isOn ? -1 : 1) * (10 + 12 * far);
  const shift = isOn ? 8 : -8;
  const [a, b] = [centre(from) + shift, centre(to) - shift];
  return `M ${a} ${edge} C ${a} ${bend} ${b} ${bend} ${b} ${edge}`;
}

function Picture({ chart }: { chart: ChartState }) {
  const edges = edgesOf(chart);
  const far = Math.max(1, ...edges.map(({ from, to }) => Math.abs(to - from)));
  const top = 14 + 9 * far;
  const height = top * 2 + boxHeight;
  const active = new Set(chart.units.map(({ state }) => state));
  const last = chart.last;
  const isLast = ({ from, to }: Edge): boolean =>
    last !== undefined && chart.states[from] === last.from && chart.states[to] === last.to;
  const wide = chart.states.length * (width + gap);
  const label = `${chart.id}: ${[...active].join(", ")}`;
  return (
    <svg class="chart" viewBox={`0 0 ${wide} ${height}`} width={wide} role="img" aria-label={label}>
      {edges.map((edge) => (
        <path
          key={`${edge.from} ${edge.to}`}
          class={isLast(edge) ? "edge last" : "edge"}
          d={pathOf(edge, top)}
          marker-end={isLast(edge) ? "url(#arrow-last)" : "url(#arrow)"}
        >
          <title>
            {chart.states[edge.from]} → {chart.states[edge.to]}: {edge.names.join("; ")}
          </title>
        </path>
      ))}
      {chart.states.map((name, index) => (
        <g key={name} class={active.has(name) ? "state active" : "state"}>
          <rect
            x={centre(index) - boxWidth / 2 - 4}
            y={top}
            width={boxWidth + 8}
            height={boxHeight}
            rx={8}
          />
          <text x={centre(index)} y={top + boxHeight / 2}>
            {name}
          </text>
        </g>
      ))}
    </svg>
  );
}

function Chart({ chart }: { chart: ChartState }) {
  const named = chart.units.filter(({ name }) => name !== "");
  return (
    <li>
      <h4>
        {chart.id}
        {chart.last !== undefined && (
          <span class="faint">
            {" "}
            {chart.last.from} → {chart.last.to} at <EventLink seq={chart.last.seq} />
          </span>
        )}
      </h4>
      <div class="wide" tabIndex={0} role="group" aria-label={`Picture of ${chart.id}`}>
        <Picture chart={chart} />
      </div>
      {named.length > 0 && (
        <ul class="units">
          {named.map(({ name, state }) => (
            <li key={name}>
              {name}: <strong>{state}</strong>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/** Where every unit is in its chart. */
export function ChartsPanel() {
  const { value, error } = store.charts.value;
  if (error !== undefined) return <p class="bad">{error}</p>;
  if (value === undefined) return <p class="faint panel-body">Looking…</p>;
  const shown = value.filter(({ states }) => states.length > 1);
  return (
    <div class="panel-body charts">
      <svg class="markers" width="0" height="0" aria-hidden="true">
        <defs>
          {["arrow", "arrow-last"].map((id) => (
            <marker
              key={id}
              id={id}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M 0 0 L 8 4 L 0 8 z" />
            </marker>
          ))}
        </defs>
      </svg>
      <h3>Where each unit is in its chart</h3>
      <ul>
        {shown.map((chart) => (
          <Chart key={chart.id} chart={chart} />
        ))}
      </ul>
    </div>
  );
}
