import { parentPort, workerData } from "node:worker_threads";
import type { Range } from "./batch.ts";
import { newLooker } from "./batch.ts";
import type { Configuration } from "./configuration.ts";
import { originsIn, startOf } from "./search.ts";
import type { ThreadData } from "./threads.ts";
import { visitedIn } from "./visited.ts";

/** Looks at states as a thread of a search, if this is one. @returns whether it is. */
export function serveSearch(configurations: readonly Configuration[]): boolean {
  const data = workerData as Partial<ThreadData> | null;
  if (parentPort === null || data?.explores === undefined) return false;
  const port = parentPort;
  const { explores: name, symmetric, kept } = data as ThreadData;
  const configuration = configurations.find((one) => one.name === name);
  if (configuration === undefined) throw new Error(`there is no configuration ${name}`);
  const visited = visitedIn(kept.visited);
  const start = startOf(configuration);
  const look = newLooker(configuration, symmetric, start, originsIn(kept), visited);
  port.on("message", (range: Range) => {
    const batch = look(range);
    port.postMessage(batch, [batch.found.buffer as ArrayBuffer]);
  });
  return true;
}
