// Length: what a newcomer does with the page, in one go, in one browser.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { debuggerPage, pageWithLog } from "../cli/debugger-page.ts";
import type { PageServer } from "../cli/debugger-server.ts";
import { servePage } from "../cli/debugger-server.ts";
import { buildPage } from "../cli/test/built-page.ts";
import { recordingPath } from "../cli/test/captured-run.ts";
import { chromiumPath, hasChromium, openPage, seriousIn, startChromium } from "./test/browser.ts";

const recording = recordingPath("linux-vfio-edu");
const folder = mkdtempSync(join(tmpdir(), "shadowfold-page-"));
const inFolder = (name: string): string => join(folder, name);

if (!hasChromium) console.warn(`The debugger's page is not tested: no Chromium at ${chromiumPath}`);

/** A machine with much else to do is slow, and is waited for. */
const patience = { timeout: 60_000 };

/** The event that the page says it is at. */
const atEvent = (page: Page): Promise<string> => page.inputValue("#goto");

const text = (page: Page, selector: string): Promise<string> =>
  page.locator(selector).first().innerText();

/** Waits until the page is at another event, and says which. */
async function nextEvent(page: Page, before: string): Promise<number> {
  await expect.poll(() => atEvent(page), patience).not.toBe(before);
  return Number(await atEvent(page));
}

/** Drops a file on a part of the page. */
async function drop(page: Page, on: string, name: string, bytes: Buffer): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ([text, called]) => {
      const data = new DataTransfer();
      const file = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
      data.items.add(new File([file], called));
      return data;
    },
    [bytes.toString("base64"), name] as const,
  );
  for (const type of ["dragover", "drop"]) await page.dispatchEvent(on, type, { dataTransfer });
}

/** From the fault to what would have been, by the hand of `click` and `press`. */
async function followFault(page: Page): Promise<void> {
  await page.locator(".card", { hasText: "DMA after unmapping" }).first().click();
  const conclusion = page.locator(".conclusion");
  await conclusion.waitFor();
  expect(await conclusion.innerText()).toContain("The guest unmapped this page at event 5628");
  const fault = await atEvent(page);
  await conclusion.getByRole("link", { name: "event 5628" }).click();
  expect(await nextEvent(page, fault)).toBe(5628);
  expect(await text(page, ".row.is-at .type")).toBe("MemoryWrite");
  await page.getByRole("tab", { name: "Translation" }).click();
  await page.locator(".way.bad").first().waitFor();
  await page.locator(".space-strips rect.space-pending").first().click();
  expect(await page.inputValue(".ask input[size='18']")).toBe("0x29e03000");
  await page.getByRole("button", { name: "Step back", exact: true }).click();
  await page.locator(".way.good").first().waitFor();
  await expect.poll(() => atEvent(page), patience).toBe("5627");
  expect(await text(page, ".way.good .mono")).toBe("0x29f5000");
  await page.getByRole("tab", { name: "Why" }).click();
  await page.getByRole("button", { name: "had not been sent?" }).click();
  await page.locator(".result").waitFor();
  expect(await text(page, ".result .conclusion")).toContain("16 that were blocked land");
  expect(await text(page, ".side-by-side td.blocked")).toContain("blocked: fault 6h");
  expect(await text(page, ".side-by-side td.landed")).toContain("landed: guest 0x29f5000");
}

describe.skipIf(!hasChromium)("the debugger's page in Chromium", { timeout: 300_000 }, () => {
  let browser: Browser;
  let server: PageServer;
  let html: string;
  let served: { page: string; file: string; name: string };

  beforeAll(async () => {
    buildPage();
    html = debuggerPage();
    served = { page: html, file: recording, name: basename(recording) };
    server = await servePage({ ...served, host: "127.0.0.1", port: 0 });
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("[DB1] leads a newcomer from a fault to the write, back over it, and to what if", async () => {
    const { page, errors, asked } = await openPage(browser, server.address);
    await followFault(page);
    expect(await seriousIn(page)).toEqual([]);
    // What would have been is a log that is saved; a branch has a name.
    await page.getByLabel("Name").fill("never told");
    await page.getByLabel("Name").blur();
    await page.getByRole("button", { name: "never told" }).waitFor();
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save as a log" }).click();
    const download = await waiting;
    expect(download.suggestedFilename()).toBe("linux-vfio-edu.never-told.jsonl.gz");
    const saved = gunzipSync(readFileSync(await download.path())).toString();
    expect(saved).toMatch(/^\{"shadowfold"/);
    expect(saved.match(/"fact":"DmaBlocked"/g)).toHaveLength(752 - 16);
    // What cannot be leaves what was answered.
    await page.locator(".edit textarea").fill("not json");
    await page.getByRole("button", { name: "Change it to this" }).click();
    await page.getByText("That cannot be").waitFor();
    expect(await text(page, ".result .conclusion")).toContain("16 that were blocked land");
    const { port, pathname } = new URL(server.address);
    await server.close();
    await page.getByText("The server has ended.").waitFor();
    const token = pathname.slice(1, -1);
    // Who listens there instead is not told the token.
    const heard: string[] = [];
    const stranger = createServer(({ url = "" }, response) => {
      heard.push(url);
      response.end("me");
    });
    await new Promise<void>((done) => stranger.listen(Number(port), "127.0.0.1", done));
    await expect.poll(() => heard.length, patience).toBeGreaterThan(1);
    expect(heard.filter((url) => !/^\/hello\/[0-9a-f]{32}$/.test(url))).toEqual([]);
    stranger.closeAllConnections();
    await new Promise((done) => stranger.close(done));
    server = await servePage({ ...served, host: "127.0.0.1", port: Number(port), token });
    await page.getByText("The server has ended.").waitFor({ state: "detached" });
    await server.close();
    await page.getByRole("button", { name: "Step back", exact: true }).click();
    await expect.poll(() => atEvent(page), patience).toBe("5626");
    expect(asked.filter((one) => !/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(one))).toEqual([]);
    expect(errors.filter((one) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(one))).toEqual([]);
    await page.close();
  });

  it("[DB2] an exported page does the same from a file, with the network off", async () => {
    const file = inFolder("run.html");
    writeFileSync(file, pageWithLog(html, basename(recording), readFileSync(recording)));
    expect(readFileSync(file).length).toBeLessThan(2 * 2 ** 20);
    const { page, errors, asked } = await openPage(browser, pathToFileURL(file).href, {
      offline: true,
      colorScheme: "dark",
    });
    await followFault(page);
    expect(await seriousIn(page)).toEqual([]);
    expect(asked.filter((one) => !/^(file|blob|data):/.test(one))).toEqual([]);
    expect(errors).toEqual([]);
    await page.reload();
    await page.locator(".row.is-at").waitFor();
    await expect.poll(() => atEvent(page), patience).toBe("5627");
    // The address has what is done differently.
    await page.locator(".result .conclusion").waitFor();
    expect(await text(page, ".result .conclusion")).toContain("16 that were blocked land");
    await page.evaluate(() => (location.hash = "#event=99999999"));
    await page.getByText("and there is none").waitFor();
    await page.close();
  });

  it("[DB3] everything of that is done by keyboard alone", async () => {
    const { page, errors } = await openPage(browser, pathToFileURL(inFolder("run.html")).href);
    await page.locator(".card").first().waitFor();
    const { keyboard } = page;
    await keyboard.press("Control+k");
    await keyboard.type("look at first");
    await keyboard.press("Enter");
    await page.locator(".conclusion").waitFor();
    const fault = await atEvent(page);
    await keyboard.press("w");
    expect(await nextEvent(page, fault)).toBe(5628);
    await keyboard.press("ArrowLeft");
    await expect.poll(() => atEvent(page), patience).toBe("5627");
    await keyboard.press("b");
    await keyboard.press("i");
    await page.locator(".result").waitFor();
    expect(await text(page, ".result .conclusion")).toContain("16 that were blocked land");
    for (const [key, panel] of Object.entries({ s: "state", q: "queue", c: "charts", a: "walk" })) {
      await keyboard.press(key);
      await page.locator(`.panel-body.${panel} h3, .panel-body.${panel} h4`).first().waitFor();
      expect(await seriousIn(page), panel).toEqual([]);
    }
    await keyboard.press("/");
    await keyboard.type('fact == "FaultRecorded"');
    await keyboard.press("Enter");
    await page.getByText("14 events").waitFor();
    await keyboard.press("Escape");
    await keyboard.press("n");
    expect(await nextEvent(page, "5627")).toBe(5644);
    expect(errors).toEqual([]);
    await page.close();
  });

  it("[DB4] a hostile log runs no script and is shown; one cut short up to the cut", async () => {
    const [first = "", ...lines] = gunzipSync(readFileSync(recording)).toString().split("\n");
    const markup = '</script><img src=x onerror="globalThis.broken=1"><b>';
    const notes = [markup, "x".repeat(900_000)].map((note) => JSON.stringify({ note }));
    const hostile = [first, ...notes, ...lines.slice(0, 300)].join("\n");
    const file = inFolder("hostile.html");
    writeFileSync(file, pageWithLog(html, `${markup}"&`, gzipSync(hostile).subarray(0, -900)));
    const { page, errors } = await openPage(browser, pathToFileURL(file).href);
    await page.getByText("The log ends here before it should").waitFor();
    expect(await text(page, ".file")).toContain("<img src=x");
    expect(await text(page, ".row .text")).toContain("<img src=x");
    expect(await page.evaluate(() => "broken" in globalThis)).toBe(false);
    expect(await page.locator("img").count()).toBe(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  it("[DB5] a file is opened in the page alone; what is no log is told", async () => {
    const empty = inFolder("page.html");
    writeFileSync(empty, html);
    const { page } = await openPage(browser, pathToFileURL(empty).href);
    const choose = page.locator("input[type=file]");
    const picture = {
      name: "a.png",
      mimeType: "image/png",
      buffer: Buffer.from("\x89PNG\r\n", "latin1"),
    };
    await choose.setInputFiles(picture);
    await page.getByText("it is a picture (PNG)").waitFor();
    expect(await seriousIn(page)).toEqual([]);
    const name = "linux-scalable-nvme";
    await drop(page, "body", `${name}.jsonl.gz`, readFileSync(recordingPath(name)));
    await page.getByText("every law holds").waitFor();
    expect(await text(page, ".file")).toBe(`${name}.jsonl.gz`);
    // What is no log leaves what is open; a log that is dropped beside it is compared.
    await drop(page, "body", "a.png", picture.buffer);
    await page.getByText("a.png: This is no log").waitFor();
    expect(await text(page, ".file")).toBe(`${name}.jsonl.gz`);
    const lines = gunzipSync(readFileSync(recordingPath(name)))
      .toString()
      .split("\n");
    await page.getByRole("tab", { name: "What if" }).click();
    await drop(page, ".beside", "short.jsonl", Buffer.from(lines.slice(0, 600).join("\n")));
    await page.locator(".result").waitFor();
    expect(await text(page, ".result h3")).toContain("beside short.jsonl");
    expect(await text(page, ".result .conclusion")).toContain("only in the first run");
    expect(await seriousIn(page)).toEqual([]);
    await page.close();
  });
});
