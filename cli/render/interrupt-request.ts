import { formatSourceId, hex } from "../../events/address.ts";
import { faultText } from "../../events/fault/fault-text.ts";
import { parseMsi, RemappableAddress } from "../../events/interrupt/interrupt-request.ts";
import type { InterruptExplanation } from "../../history/explanation.ts";
import type { UsedInterrupt } from "../../history/use.ts";
import type { Terminal } from "../terminal.ts";
import { reportText } from "./aftermath.ts";
import { eventName } from "./plot.ts";
import { factJson, wrapped } from "./why.ts";

/** The interrupt index, as far as it is known: an address with a sub-handle has it in the data. */
function indexOf({ iova, use, isOn }: InterruptExplanation): number | undefined {
  if (use !== undefined) return use.interrupt?.outcome?.index;
  const { shv, format } = RemappableAddress.decode(iova);
  return isOn && format && !shv ? parseMsi(iova, 0).index : undefined;
}

/** `for index 3`, or what is known instead. */
function subject(tale: InterruptExplanation): string {
  const index = indexOf(tale);
  if (index !== undefined) return `an interrupt request for index ${index.toString()}`;
  const { format } = RemappableAddress.decode(tale.iova);
  return `an interrupt request${format ? "" : " of the compatibility format"}`;
}

function outcomeText(outcome: UsedInterrupt["outcome"]): string {
  switch (outcome?.type) {
    case "InterruptBlocked":
      return `blocked, ${faultText(outcome.reason)}`;
    case "InterruptPosted": {
      const urgent = outcome.urgent ? "urgently " : "";
      const to = `the descriptor at ${hex(outcome.descriptor)}`;
      return `posted ${urgent}as vector ${hex(outcome.vector)} to ${to}`;
    }
    case "InterruptDelivered": {
      const { vector, destination, destinationMode, deliveryMode, trigger } = outcome;
      const to = `${destinationMode} destination ${destination.toString()}`;
      return `delivered as vector ${hex(vector)} to ${to} (${deliveryMode}, ${trigger})`;
    }
    default:
      return "not decided yet";
  }
}

function tell(tale: InterruptExplanation): readonly string[] {
  const { at, device, iova, use, isOn } = tale;
  const what = `DMA write to ${hex(iova)} by ${formatSourceId(device)}`;
  const range = "A write to the interrupt range meets no second-stage table.";
  const off = isOn ? [] : ["Interrupt remapping is off: requests are delivered as they are."];
  if (use === undefined) {
    return [`After ${eventName(at)} a ${what} would be ${subject(tale)}.`, range, ...off];
  }
  const outcome = outcomeText(use.interrupt?.outcome);
  const headline = `The ${what} at ${eventName(use.seq)} is ${subject(tale)}: ${outcome}.`;
  return [headline, range, ...off, ...reportText(use.report)];
}

/** The story of an interrupt request for people. */
export function renderWhyInterrupt(terminal: Terminal, tale: InterruptExplanation): string {
  const [first = "", ...rest] = tell(tale);
  return `${terminal.colours.bold(first)}\n\n${rest.map(wrapped).join("")}`;
}

/** Where to read on, when the request has an entry. */
export function interruptHint(file: string, guest: number, tale: InterruptExplanation): string {
  const index = indexOf(tale);
  if (index === undefined) return "";
  const whose = guest === 0 ? "" : ` --guest ${guest.toString()}`;
  return `\nThe entry: shadowfold interrupt ${file} --index ${index.toString()}${whose}\n`;
}

/** The object that `--json` prints. */
export function whyInterruptJson(tale: InterruptExplanation): object {
  const { at, device, iova, use, isOn } = tale;
  const outcome = use?.interrupt?.outcome;
  const {
    type,
    guest: _guest,
    source: _source,
    index: _index,
    ...fields
  } = outcome ?? {
    type: undefined,
  };
  const result = type?.slice("Interrupt".length).toLowerCase() ?? null;
  const report = factJson(use?.report);
  const dma = use === undefined ? null : { seq: use.seq, access: "write", result: "interrupt" };
  return {
    at,
    device: formatSourceId(device),
    iova,
    access: "write",
    dma,
    interrupt: {
      index: indexOf(tale) ?? null,
      remapping: isOn,
      result,
      ...fields,
      report,
    },
    story: tell(tale),
  };
}
