import { parentPort, workerData } from "node:worker_threads";
import type { EventMutant } from "../bugs/event-mutant.ts";
import type { Noticing } from "./notice.ts";
import { drawWorlds, notice } from "./notice.ts";

const { mutants, how } = workerData as {
  readonly mutants: readonly EventMutant[];
  readonly how: Noticing;
};
const drawn = drawWorlds(how);
for (const mutant of mutants) parentPort?.postMessage(notice(mutant, drawn, how));
