/**
 * The page of the debugger as one file: the engine as the text of a worker, the page with that in
 * it, and the style, all inline. Its policy names the script and the style by their digests, so
 * that nothing else runs, and lets nothing be fetched from elsewhere.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

const folder = join(root, "debugger");

const digest = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Bundles one file for browsers. */
async function textOf(esbuild, source, options = {}) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [join(folder, source)],
    bundle: true,
    write: false,
    minify: true,
    platform: "browser",
    format: "iife",
    target: "es2023",
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    jsx: "automatic",
    jsxImportSource: "preact",
    ...options,
  });
  // Inside a page nothing may look like the end of its script.
  return outputFiles[0].text
    .trim()
    .replaceAll("</script", "<\\/script")
    .replaceAll("<!--", "<\\!--");
}

/** The page's text; `undefined` where there is no source of it. */
export async function debuggerPage(esbuild) {
  if (!existsSync(join(folder, "page.html"))) return undefined;
  const worker = await textOf(esbuild, "worker.ts");
  const define = { WORKER_SOURCE: JSON.stringify(worker) };
  const [script, style] = [
    await textOf(esbuild, "page/main.tsx", { define }),
    await textOf(esbuild, "page/style.css"),
  ];
  const policy = [
    "default-src 'none'",
    `script-src ${digest(script)}`,
    // A worker made of the page's own text runs under the page's policy.
    "worker-src blob:",
    `style-src ${digest(style)}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const parts = {
    policy: `<meta http-equiv="Content-Security-Policy" content="${policy}" />`,
    style: `<style>${style}</style>`,
    script: `<script>${script}</script>`,
  };
  const html = readFileSync(join(folder, "page.html"), "utf8");
  return html.replaceAll(/<!-- (policy|style|script) -->/g, (_, name) => parts[name]);
}
