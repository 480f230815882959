import { readdirSync, readFileSync } from "node:fs";
import type { Browser } from "playwright-core";

/** The processes and threads of a tab, as Linux counts them: what else runs does not count. */
export interface TabTimes {
  /** Milliseconds of processor time of the engine's worker so far. */
  readonly worker: () => number;
  /** The same of the thread that draws. */
  readonly main: () => number;
  /** The most MiB of memory that the tab's process ever had. */
  readonly peakMemory: () => number;
}

const nameOf = (process: number, thread: string): string =>
  readFileSync(`/proc/${process.toString()}/task/${thread}/comm`, "utf8").trim();

function millisecondsOf(process: number, thread: string): number {
  const text = readFileSync(`/proc/${process.toString()}/task/${thread}/schedstat`, "utf8");
  return Number(text.split(" ", 1)[0]) / 1e6;
}

function peakOf(process: number): number {
  const status = readFileSync(`/proc/${process.toString()}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** Finds the one tab of a browser that has a worker. @throws Error when there is none. */
export async function timesOfTab(browser: Browser): Promise<TabTimes> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  for (const { id, type } of processInfo) {
    if (type !== "renderer") continue;
    const threads = readdirSync(`/proc/${id.toString()}/task`);
    const worker = threads.find((one) => nameOf(id, one).startsWith("DedicatedWorker"));
    if (worker === undefined) continue;
    return {
      worker: () => millisecondsOf(id, worker),
      main: () => millisecondsOf(id, id.toString()),
      peakMemory: () => peakOf(id),
    };
  }
  throw new Error("no tab has a worker");
}
