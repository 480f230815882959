import { queueOf } from "../../history/query/queue-view.ts";
import type { Step } from "../../history/step.ts";
import { charts } from "../../machines/charts.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Guest } from "../../projections/guest.ts";
import { registersOf, registerValue } from "../../projections/registers/registers.ts";
import type { World } from "../../projections/world.ts";
import type { Exporter } from "./exporter.ts";

/** Something that has a value of some bits at any time; `undefined` where there is none. */
interface Signal {
  readonly scope: readonly string[];
  readonly name: string;
  readonly width: number;
  readonly valueIn: (guest: Guest) => bigint | undefined;
}

const bit = (is: boolean): bigint => (is ? 1n : 0n);

/** Every register as a whole, and each of its bits that has a name. */
function registerSignals(guest: Guest): readonly Signal[] {
  const signals = registersOf(guest.profile).specs.flatMap(({ name, offset, bytes, layout }) => {
    const valueIn = (now: Guest): bigint | undefined =>
      registersOf(now.profile).byName.has(name) ? registerValue(now, offset) : undefined;
    const whole: Signal = { scope: ["registers"], name, width: bytes * 8, valueIn };
    const bits = Object.entries(layout.fields).flatMap(([field, of]): readonly Signal[] => {
      if (of.kind !== "flag") return [];
      const flag = (now: Guest): bigint | undefined => {
        const value = valueIn(now);
        return value === undefined ? undefined : bit(layout.decode(value)[field] === true);
      };
      return [{ scope: ["bits", name], name: field, width: 1, valueIn: flag }];
    });
    return [whole, ...bits];
  });
  const isWhole = ({ scope }: Signal): boolean => scope.length === 1;
  return [...signals.filter(isWhole), ...signals.filter((one) => !isWhole(one))];
}

const queueSignals: readonly Signal[] = [
  { scope: ["queue"], name: "head", width: 20, valueIn: (guest) => BigInt(queueOf(guest).head) },
  { scope: ["queue"], name: "tail", width: 20, valueIn: (guest) => BigInt(queueOf(guest).tail) },
  {
    scope: ["queue"],
    name: "unanswered",
    width: 16,
    valueIn: ({ queue }) => BigInt(queue.unanswered.length),
  },
];

/** What the chart of each unit is in, by the chart's id. */
const stateOf: Readonly<Record<string, (guest: Guest) => string>> = {
  translation: ({ charts: of }) => of.translation,
  "interrupt remapping": ({ charts: of }) => of.remapping,
  "protected memory": ({ charts: of }) => of.protection,
  "unit life cycle": ({ charts: of }) => of.life,
  "invalidation queue": ({ queue }) => queue.state,
  "fault recording": ({ faults }) => faults.state,
};

/** Each state of a chart is a wire that is 1 while the unit is in it. */
const chartSignals: readonly Signal[] = charts.flatMap((chart) => {
  const now = stateOf[chart.id];
  if (now === undefined) return [];
  return chart.states.map(
    (state): Signal => ({
      scope: ["charts", chart.id.replaceAll(/\W/g, "_")],
      name: state,
      width: 1,
      valueIn: (guest) => bit(now(guest) === state),
    }),
  );
});

/** A short name of a signal: digits of base 94, all of them printable. */
function codeOf(number: number): string {
  const rest = Math.floor(number / 94);
  const last = String.fromCharCode(33 + (number % 94));
  return rest === 0 ? last : `${codeOf(rest - 1)}${last}`;
}

interface Declared {
  readonly signal: Signal;
  readonly guest: number;
  readonly code: string;
}

function declarations(declared: readonly Declared[]): string {
  let text = "";
  let open: readonly string[] = [];
  const leave = (depth: number): void => {
    for (; open.length > depth; open = open.slice(0, -1)) text += "$upscope $end\n";
  };
  for (const { signal, guest, code } of declared) {
    const scope = [`guest${guest.toString()}`, ...signal.scope];
    let same = 0;
    while (same < open.length && open[same] === scope[same]) same += 1;
    leave(same);
    for (const name of scope.slice(same)) {
      text += `$scope module ${name} $end\n`;
      open = [...open, name];
    }
    text += `$var wire ${signal.width.toString()} ${code} ${signal.name} $end\n`;
  }
  leave(0);
  return text;
}

function changeText({ signal, code }: Declared, value: bigint | undefined): string {
  const digits = value === undefined ? "x" : value.toString(2);
  return signal.width === 1 ? `${digits}${code}\n` : `b${digits} ${code}\n`;
}

/** Nothing that any signal shows has changed. */
const isSame = (a: Guest | undefined, b: Guest | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.profile === b.profile &&
    a.registers === b.registers &&
    a.charts === b.charts &&
    a.queue === b.queue &&
    a.faults === b.faults &&
    a.pageRequests === b.pageRequests &&
    a.compatibilityInterrupts === b.compatibilityInterrupts);

/** A value change dump: registers and their bits, queue pointers, states of charts. */
export function vcdExporter(): Exporter {
  let declared: readonly Declared[] = [];
  let shown: (bigint | undefined)[] = [];
  let before: World | undefined;
  let end = 0;
  const changes = (world: World): string => {
    const moved = world.guests.map((guest, index) => !isSame(before?.guests[index], guest));
    before = world;
    if (!moved.includes(true)) return "";
    let text = "";
    for (const [index, one] of declared.entries()) {
      const guest = world.guests[one.guest];
      if (guest === undefined || moved[one.guest] !== true) continue;
      const value = one.signal.valueIn(guest);
      if (shown.length > index && shown[index] === value) continue;
      shown[index] = value;
      text += changeText(one, value);
    }
    return text;
  };
  return {
    begin: (start) => {
      const signals = start.guests.flatMap((guest, index) =>
        [...registerSignals(guest), ...queueSignals, ...chartSignals].map((signal) => {
          return { signal, guest: index };
        }),
      );
      declared = signals.map((one, number) => ({ ...one, code: codeOf(number) }));
      shown = [];
      const head = "$comment time is the number of the event $end\n$timescale 1 us $end\n";
      const names = `${declarations(declared)}$enddefinitions $end\n`;
      return `${head}${names}#0\n$dumpvars\n${changes(start)}$end\n`;
    },
    step: ({ seq, input, facts, before: world }: Step) => {
      let text = "";
      let now = world;
      for (const [index, event] of [input, ...facts].entries()) {
        now = evolve(now, event);
        const said = changes(now);
        end = seq + index;
        if (said !== "") text += `#${end.toString()}\n${said}`;
      }
      return text;
    },
    end: () => `#${(end + 1).toString()}\n`,
  };
}
