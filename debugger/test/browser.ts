import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";

/** Where Debian puts it; another may be named. */
export const chromiumPath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
export const hasChromium = existsSync(chromiumPath);

/** Starts Chromium without a window. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });

/** Opens an address in a page that keeps what went wrong in it, and what it asked of whom. */
export async function openPage(
  browser: Browser,
  address: string,
  options: Parameters<Browser["newPage"]>[0] = {},
): Promise<{ page: Page; errors: string[]; asked: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  page.setDefaultTimeout(60_000);
  const [errors, asked]: [string[], string[]] = [[], []];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (said) => {
    if (said.type() === "error") errors.push(said.text());
  });
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(address);
  return { page, errors, asked };
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds of a page that is serious or worse, or headings out of order, one line each. */
export async function seriousIn(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe: program } = globalThis as unknown as {
      axe: {
        run: () => Promise<{
          violations: { id: string; impact: string; nodes: { html: string; target: string[] }[] }[];
        }>;
      };
    };
    const { violations } = await program.run();
    return violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes[0]?.html ?? "" }));
  });
  return found
    .filter(({ id, impact }) => /^(serious|critical)$/.test(impact) || id === "heading-order")
    .map(({ id, html }) => `${id}: ${html.slice(0, 160)}`);
}
