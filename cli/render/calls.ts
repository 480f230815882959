import type { Call, Requester, Target } from "../../calls/call.ts";
import type { Costs } from "../../calls/call-cost.ts";
import type { Ioctl } from "../../calls/iommufd.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import type { Terminal } from "../terminal.ts";
import { renderTable } from "./table.ts";

const requesterText = ({ source, pasid }: Requester): string =>
  `${formatSourceId(source)}${pasid === undefined ? "" : ` PASID ${hex(pasid)}`}`;

function targetText(target: Target): string {
  if (target.to === "blocked") return "nowhere";
  return target.to === "space" ? `space ${target.space}` : `table ${target.table}`;
}

const rangeText = (input: bigint | undefined, length: bigint | undefined): string =>
  input === undefined || length === undefined ? "all" : `${hex(input)}+${hex(length)}`;

function dataText({ root, levels, ...bits }: Extract<Call, { call: "createTable" }>["data"]) {
  const set = Object.entries(bits).flatMap(([name, value]) => (value ? [name] : []));
  return [`root ${hex(root)}`, `${levels} levels`, ...set].join(", ");
}

/** What a call is about, in words. */
export function callText(call: Call): string {
  switch (call.call) {
    case "createSpace":
      return `${call.call} ${call.space} (${call.kind})`;
    case "map": {
      const rights = `${call.read ? "r" : "-"}${call.write ? "w" : "-"}`;
      const where = rangeText(call.input, call.length);
      return `map ${where} to ${hex(call.host)} ${rights} in space ${call.space}`;
    }
    case "unmap":
      return `unmap ${rangeText(call.input, call.length)} in space ${call.space}`;
    case "createTable":
      return `createTable ${call.table} over space ${call.over}: ${dataText(call.data)}`;
    case "attach":
      return `attach ${requesterText(call.requester)} to ${targetText(call.target)}`;
    case "detach":
      return `detach ${requesterText(call.requester)}`;
    case "invalidateTable": {
      const leaf = call.leafOnly ? ", leaves alone" : "";
      return `invalidateTable ${call.table} ${rangeText(call.input, call.length)}${leaf}`;
    }
    case "invalidateDevice": {
      const what = rangeText(call.input, call.length);
      return `invalidateDevice ${requesterText(call.requester)} ${what}`;
    }
    case "answerPages":
      return `answerPages ${requesterText(call.requester)} group ${call.group}: ${call.response}`;
    case "trackDirty":
      return `trackDirty space ${call.space} ${call.enabled ? "on" : "off"}`;
    case "destroyTable":
      return `destroyTable ${call.table}`;
    default:
      return `destroySpace ${call.space}`;
  }
}

/** One ioctl in a line. */
export function ioctlText({ ioctl, fields, note }: Ioctl): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `.${name} = ${value}`);
  return `${ioctl} { ${parts.join(", ")} }${note === undefined ? "" : ` (${note})`}`;
}

/** Calls and pages by the kind of input that led to them, and in all. */
export function renderCosts(terminal: Terminal, costs: ReadonlyMap<string, Costs>): string {
  const rows: (string | number)[][] = [];
  for (const [input, of] of costs) {
    for (const [call, { calls, pages }] of of) rows.push([input, call, calls, pages]);
  }
  return renderTable(terminal, ["after", "call", "calls", "pages"], rows);
}
