import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import type { Input } from "../../events/input.ts";
import { openRecording } from "../../events/log/recording.ts";
import { at } from "../../events/registers/offset.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { World } from "../../projections/world.ts";
import { root } from "./source.ts";

/** What follows when a driver changes one page and waits until no cache has the old one. */
const answerOf = (change: string): string =>
  [
    ...["RegisterSet", "QueueStarted", "DescriptorFetched", "IotlbInvalidated", change],
    ...["DescriptorCompleted", "DescriptorFetched", "MemoryWritten", "WaitCompleted"],
    ...["DescriptorCompleted", "QueueEmptied"],
  ].join();

/** The world before the first recorded tail write that changes one page so, and the write. */
function tailWrite(change: string): { readonly world: World; readonly input: Input } {
  const path = join(root, "recordings/linux-legacy-nvme-load.jsonl.gz");
  const [header = "", ...lines] = gunzipSync(readFileSync(path)).toString().split("\n");
  const recording = openRecording(header);
  const wanted = answerOf(change);
  let world = createWorld(recording.setup);
  for (const [index, line] of lines.entries()) {
    for (const input of recording.read(line, index + 2)) {
      const { world: after, facts } = fold(world, input);
      const isTail = input.type === "RegisterWrite" && Number(input.offset) === at.iqt;
      if (isTail && facts.map(({ type }) => type).join() === wanted) return { world, input };
      world = after;
    }
  }
  throw new Error("no such write was recorded");
}

/**
 * The files that fold of which some function runs while `act` does, from the root. Functions
 * without a name are left out: an export is one, as vitest loads a file.
 */
async function visited(act: () => void): Promise<readonly string[]> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  act();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  session.disconnect();
  const ran = result.filter(({ functions }) =>
    functions.some(({ functionName, ranges: [whole] }) => functionName !== "" && whole?.count),
  );
  return ran
    .map(({ url }) => url.replace("file://", "").replace(`${root}/`, ""))
    .filter((path) => /^(events|machines|tables|projections|hypervisor)\//.test(path));
}

it.each(["ShadowMapped", "ShadowUnmapped"])(
  "[ST23] who follows one invalidation to %s opens at most 24 files",
  async (change) => {
    const { world, input } = tailWrite(change);
    const files = await visited(() => fold(world, input));
    expect(files).toContain("hypervisor/fold.ts");
    expect(files.length, files.join("\n")).toBeLessThanOrEqual(24);
  },
);
