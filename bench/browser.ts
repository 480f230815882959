import { once } from "node:events";
import { createWriteStream, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";
import { debuggerPage } from "../cli/debugger-page.ts";
import { encodeHeader, encodeInput } from "../events/log/log.ts";
import type { Figure } from "./figure.ts";
import { goThere, seenSoFar, turnWheel, watch } from "./in-page.ts";
import { loopedLog } from "./looped-log.ts";
import type { Effort } from "./measure.ts";
import { numbers } from "./measure.ts";
import type { TabTimes } from "./thread-times.ts";
import { timesOfTab } from "./thread-times.ts";

const usualInputs = 1_000_000;
const tries = 40;
/** The engine has nothing to do where it takes less than so much in so long. */
const quiet = { cpuMs: 2, pauseMs: 200, atMostMs: 4000 } as const;

/** Writes the recordings over and over as a log of so many inputs. */
async function writeLog(file: string, count: number): Promise<void> {
  const { setup, inputs } = loopedLog(count);
  const out = createWriteStream(file);
  let text = `${encodeHeader(setup)}\n`;
  let seq = 0;
  for (const input of inputs) {
    seq += 1;
    text += `${encodeInput(seq, input)}\n`;
    if (text.length < 1_000_000) continue;
    if (!out.write(text)) await once(out, "drain");
    text = "";
  }
  out.end(text);
  await once(out, "finish");
}

/** A page with a log that is whole, and how it was opened. */
interface OpenedTab {
  readonly page: Page;
  readonly times: TabTimes;
  readonly events: number;
  /** Milliseconds until something of the run was drawn. */
  readonly first: number;
  /** Processor time of both threads for that. */
  readonly firstCpu: number;
  /** How far the bar was from the share of events that were folded, in percent, at worst. */
  readonly barOff: number;
}

async function openTab(browser: Browser, address: string, file: string): Promise<OpenedTab> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(1_800_000);
  await page.goto(address);
  await page.waitForSelector("input[type=file]", { state: "attached" });
  const times = await timesOfTab(browser);
  await page.evaluate(watch);
  const before = times.worker() + times.main();
  await page.setInputFiles("input[type=file]", file);
  await page.waitForSelector(".lane-names li");
  const firstCpu = times.worker() + times.main() - before;
  await page.waitForSelector(".opening");
  await page.waitForSelector(".opening", { state: "detached" });
  await page.waitForSelector(".card");
  const { first, bar, events } = await page.evaluate(seenSoFar);
  const off = bar.map(([percent, folded]) => Math.abs(percent - (100 * folded) / events));
  return { page, times, events, first, firstCpu, barOff: Math.max(...off) };
}

/** Waits until what was asked before is answered, but not for ever. */
async function untilQuiet({ times }: OpenedTab): Promise<void> {
  for (let waited = 0; waited < quiet.atMostMs; waited += quiet.pauseMs) {
    const before = times.worker();
    await wait(quiet.pauseMs);
    if (times.worker() - before < quiet.cpuMs) return;
  }
}

/** Processor time of the engine until a row is shown, of many, rising. */
async function movesOf(tab: OpenedTab, isStep: boolean): Promise<number[]> {
  const { page, times, events } = tab;
  const draw = numbers(7);
  const all: number[] = [];
  for (let one = 0; one < tries; one++) {
    await untilQuiet(tab);
    const before = times.worker();
    await page.evaluate(goThere, isStep ? undefined : 1 + draw(events));
    all.push(times.worker() - before);
  }
  return all.sort((a, b) => a - b);
}

/** Frames a second that the thread which draws has time for. */
async function framesOf(tab: OpenedTab, isZoom: boolean): Promise<number> {
  const { page, times } = tab;
  await untilQuiet(tab);
  const before = times.main();
  const frames = await page.evaluate(turnWheel, isZoom);
  return 1000 / ((times.main() - before) / frames);
}

const p99 = (rising: readonly number[]): number =>
  rising[Math.floor((rising.length - 1) * 0.99)] ?? Number.NaN;

async function figuresOf(tab: OpenedTab): Promise<readonly Figure[]> {
  const group = `the page in Chromium, ${tab.events.toLocaleString("en-US")} events`;
  const ms = { group, unit: "ms" } as const;
  const frames = { group, unit: "frames/s of processor time", budget: { atLeast: 50 } } as const;
  const [seeks, steps] = [await movesOf(tab, false), await movesOf(tab, true)];
  const [zoom, scroll] = [await framesOf(tab, true), await framesOf(tab, false)];
  const memory = tab.times.peakMemory();
  return [
    { ...ms, name: "first picture, by the clock", value: tab.first, budget: { atMost: 2000 } },
    {
      ...ms,
      name: "first picture, processor time",
      value: tab.firstCpu,
      budget: { atMost: 2000 },
    },
    { group, name: "the bar from the truth, at worst", value: tab.barOff, unit: "%" },
    { ...ms, name: "seek, p99 of processor time", value: p99(seeks), budget: { atMost: 50 } },
    { ...ms, name: "step back, p99 of processor time", value: p99(steps), budget: { atMost: 10 } },
    { ...frames, name: "zoom", value: zoom },
    { ...frames, name: "scroll", value: scroll },
    { group, name: "memory, peak", value: memory, unit: "MiB", budget: { atMost: 1536 } },
  ];
}

/** What a long run costs in a real browser; nothing where there is none. */
export async function measureBrowser({ inputs = usualInputs }: Effort): Promise<readonly Figure[]> {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) return [];
  const folder = mkdtempSync(join(tmpdir(), "shadowfold-bench-"));
  const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  const browser = await chromium.launch({ executablePath, args });
  try {
    const [html, log] = [join(folder, "page.html"), join(folder, "long.jsonl")];
    writeFileSync(html, debuggerPage());
    await writeLog(log, inputs);
    return await figuresOf(await openTab(browser, pathToFileURL(html).href, log));
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}
