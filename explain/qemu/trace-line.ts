import { isLinuxLine } from "../../qemu/trace/linux-trace.ts";
import { isQemuLine, readQemuLine } from "../../qemu/trace/qemu-log.ts";
import type { Recogniser } from "../recogniser.ts";

/** What lines of traces are that are for `trace` and `replay`. */
const kinds = { qemu: "lines of QEMU's trace", linux: "lines of a Linux trace" } as const;
export const traceKinds: readonly string[] = Object.values(kinds);

/** What is told of a fault; whatever else a trace says is for `trace` and `replay`. */
const aboutFaults = new Set(["faulted", "faultDetail", "translationFailed", "faultUnrecorded"]);

/** Reads lines of traces: what QEMU's say of faults, and of others that they are such lines. */
export const readTraceLine: Recogniser = (line) => {
  const words = line.trimStart();
  if (isQemuLine(words)) {
    const said = readQemuLine(words, 0);
    if (said.result === "observed" && aboutFaults.has(said.observation.kind)) {
      return { kind: "emulator", seen: said.observation };
    }
    if (said.result === "unparsed") return undefined;
    return { kind: "plain", what: kinds.qemu };
  }
  return isLinuxLine(words) ? { kind: "plain", what: kinds.linux } : undefined;
};
