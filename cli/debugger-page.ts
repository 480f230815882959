import { existsSync, readFileSync } from "node:fs";
import { InputError } from "./input-error.ts";

/** Beside the program that ships; where the program runs from its sources, in what is built. */
const places = ["./debugger.html", "../dist/debugger.html"];

/**
 * The debugger's page: one file that needs no other.
 *
 * @throws InputError when it was not built.
 */
export function debuggerPage(): string {
  const place = places.map((path) => new URL(path, import.meta.url)).find((one) => existsSync(one));
  if (place === undefined) throw new InputError("the debugger's page is missing: npm run build");
  return readFileSync(place, "utf8");
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/**
 * The page with a log in it.
 *
 * @param name  of the log, as it is shown.
 * @param gzip  the log, gzipped.
 */
export function pageWithLog(page: string, name: string, gzip: Uint8Array): string {
  const shown = name.replaceAll(/[&<>"]/g, (of) => escapes[of] ?? of);
  const packed = Buffer.from(gzip).toString("base64");
  const log = `<script id="log" type="text/plain" data-name="${shown}">${packed}</script>`;
  return page.replace("<!-- log -->", () => log);
}
