import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Builds what ships, unless it was made from the sources as they are: the page is a part of it. */
export function buildPage(): void {
  const path = fileURLToPath(new URL("../../build/bundle.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [path], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
}
