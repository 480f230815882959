import { EventEmitter } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import pc from "picocolors";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { openBytes } from "./bytes.ts";
import { watchOutput } from "./output.ts";
import { startProgress } from "./progress.ts";
import { scratch } from "./test/scratch.ts";

const { folder } = scratch("ending", afterAll);
afterEach(() => void vi.restoreAllMocks());

/** A process whose output fails, and what it then does. */
function failingProcess() {
  const did: (string | number)[] = [];
  const write = (text: string) => did.push(text);
  const [stdout, stderr] = [new EventEmitter(), new EventEmitter()].map((stream) =>
    Object.assign(stream, { write }),
  ) as [EventEmitter & { write: typeof write }, EventEmitter & { write: typeof write }];
  watchOutput({ stdout, stderr, exit: (code) => void did.push(code) });
  return { stdout, stderr, did };
}

const failure = (code: string) => Object.assign(new Error("write"), { code });

describe("output", () => {
  test("[CL20] a full disk is one line and exit code 2", () => {
    const { stdout, did } = failingProcess();
    stdout.emit("error", failure("ENOSPC"));
    stdout.emit("error", failure("ENOSPC"));
    expect(did).toEqual(["standard output: no space left\n", 2]);
  });

  test("[CL20] a reader that has seen enough is no error", () => {
    const { stdout, did } = failingProcess();
    stdout.emit("error", failure("EPIPE"));
    expect(did).toEqual([0]);
  });

  test("[CL20] where nothing can be said, the exit code says it", () => {
    const { stderr, did } = failingProcess();
    stderr.emit("error", failure("ENOSPC"));
    expect(did).toEqual([2]);
  });
});

describe("progress", () => {
  const terminal = {
    out: () => undefined,
    err: () => undefined,
    colours: pc.createColors(false),
    drawsProgress: true,
  };

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("[CL21] %s takes the bar away and ends the program", (signal, code) => {
    const exit = vi.spyOn(process, "exit").mockImplementation((() => undefined) as never);
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    const progress = startProgress(terminal, "file");
    const before = process.listenerCount(signal);
    clock.mockReturnValue(2000);
    progress.at(0.5);
    expect(process.listenerCount(signal)).toBe(before + 1);
    process.emit(signal, signal);
    expect(exit).toHaveBeenCalledWith(code);
    expect(process.listenerCount(signal)).toBe(before);
    progress.done();
  });

  test("[CL21] the bar moves within a small compressed file", async () => {
    const file = join(folder, "small.gz");
    writeFileSync(file, gzipSync("the same line again\n".repeat(100_000)));
    const { chunks, readBytes, totalBytes = 0 } = await openBytes(file);
    const seen = new Set<number>();
    for await (const _ of chunks) seen.add(readBytes());
    expect(seen.size).toBeGreaterThan(50);
    const all = [...seen];
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    expect([all.at(-1), totalBytes]).toEqual([totalBytes, totalBytes]);
  });
});
