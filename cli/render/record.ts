import { printable } from "../../events/printable.ts";
import type { LiveLog } from "../live-log.ts";
import type { Terminal } from "../terminal.ts";
import { tallyCell } from "./replay.ts";
import { renderTable } from "./table.ts";

/** What came of recording a guest. */
export interface RecordReport extends LiveLog {
  readonly file: string;
  /** The version of QEMU. */
  readonly qemu: string;
  /** How its stores were seen. */
  readonly by: "plugin" | "stops";
  /** How often the guest was held. */
  readonly stops?: number;
  /** How many stores to tables and queues the plugin saw. */
  readonly stores?: number;
  /** From the start of the command to its end. */
  readonly seconds: number;
  /** Whether the limit of time ended the guest. */
  readonly cut: boolean;
  /** With what its kernel gave up, if it did. */
  readonly panic?: string;
}

const headings = (seen: "Stops" | "Stores"): readonly string[] => [
  ...["Log", "QEMU", "Events", seen, "DMA", "Faults", "Interrupts", "Seconds"],
];
const shownLines = 20;

/** One row, and below it whatever the model answers otherwise. */
export function renderRecord(terminal: Terminal, report: RecordReport): string {
  const { file, qemu, events, seconds, cut, panic, disagreements, violations } = report;
  const { by, stops = 0, stores = 0 } = report;
  const cells = [report.dma, report.faults, report.interrupts].map((of) => tallyCell(terminal, of));
  const row = [file, qemu, events, by === "stops" ? stops : stores, ...cells, seconds];
  const differing = disagreements.map(({ seq, text }) => `event ${seq.toString()}: ${text}`);
  const details = [...differing, ...violations].slice(0, shownLines).map((line) => `  ${line}\n`);
  const { yellow } = terminal.colours;
  const endings = [
    ...(cut ? ["the limit of time ended the guest"] : []),
    ...(panic === undefined ? [] : [`the guest's kernel gave up: ${printable(panic)}`]),
  ];
  const ending = endings.map((line) => yellow(`${line}\n`)).join("");
  const table = renderTable(terminal, headings(by === "stops" ? "Stops" : "Stores"), [row]);
  return `${table}${details.join("")}${ending}`;
}
