import { gunzipSync } from "node:zlib";
import { callsAtStart, callsOf } from "../calls/calls-of.ts";
import { hex, pageOf } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import { openRecording } from "../events/log/recording.ts";
import type { Step } from "../history/step.ts";
import { stepOf } from "../history/step.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { deviceAt } from "../projections/device/devices.ts";
import { hardwareOf } from "./laws/host-wanted.ts";
import type { Kernel } from "./oracle/host-kernel.ts";
import { apply, emptyKernel } from "./oracle/host-kernel.ts";
import { reach } from "./oracle/host-reach.ts";

/** What interpreting the calls of a recording came to. */
interface Landed {
  /** The first thing that was wrong, or `undefined`. */
  readonly wrong: string | undefined;
  /** DMAs that landed where the host's kernel led them. */
  readonly landings: number;
  readonly calls: number;
}

/** Where the kernel leads a DMA, if not to where it landed; or nothing. */
function elsewhere(kernel: Kernel, { before }: Step, dma: FactOf<"DmaTranslated">) {
  const hardware = hardwareOf(before, 0);
  const source = deviceAt(before.guests[0], dma.device)?.requester ?? -1;
  const [page, write] = [pageOf(dma.iova), dma.access === "write"];
  const request = { source, pasid: dma.pasid, page, write, privileged: false, execute: false };
  const found = hardware && reach(kernel, hardware, request);
  if (found === pageOf(dma.hpa ?? 0n)) return undefined;
  const where = found === undefined ? "nothing" : hex(found);
  return `a ${dma.access} at ${hex(dma.iova)} reaches ${where}`;
}

/**
 * Folds a recording, makes the calls that it leads to, and asks the host's kernel alone where each
 * DMA lands.
 *
 * @param recording  the gzipped file.
 */
export function landingsOf(recording: Uint8Array): Landed {
  const [first = "", ...lines] = gunzipSync(recording).toString("utf8").trim().split("\n");
  const { setup, read } = openRecording(first);
  let world = createWorld(setup);
  let kernel = emptyKernel;
  let [landings, calls] = [0, 0];
  const found = (wrong: string | undefined): Landed => ({ wrong, landings, calls });
  const make = (all: ReturnType<typeof callsOf>): string | undefined => {
    for (const call of all) {
      const outcome = apply(kernel, call);
      if (typeof outcome === "string") return `${call.call}: ${outcome}`;
      kernel = outcome;
      calls += 1;
    }
    return undefined;
  };
  const early = make(callsAtStart(world, 0));
  if (early !== undefined) return found(early);
  for (const [index, line] of lines.entries()) {
    for (const input of read(line, index + 2)) {
      const step = stepOf(world, input);
      world = step.after;
      const dma = step.facts.find((fact) => fact.type === "DmaTranslated");
      const isDma = dma?.type === "DmaTranslated";
      const wrong = make(callsOf(step, 0)) ?? (isDma ? elsewhere(kernel, step, dma) : undefined);
      if (wrong !== undefined) return found(`line ${index + 2}: ${wrong}`);
      if (isDma) landings += 1;
    }
  }
  return found(undefined);
}
