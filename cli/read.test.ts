import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { LogEvent } from "../events/log/log.ts";
import { encodeEvent, encodeHeader } from "../events/log/log.ts";
import type { Setup } from "../events/setup.ts";
import { anyEvents } from "../properties/arbitrary/event.ts";
import { InputError } from "./input-error.ts";
import type { Entry } from "./read.ts";
import { openSource } from "./read.ts";
import { scratch } from "./test/scratch.ts";
import { openWriter } from "./write.ts";

const { folder } = scratch("read", afterAll);

let fileCount = 0;
/** A new file with these bytes. */
function fileOf(content: string | Uint8Array): string {
  fileCount++;
  const path = join(folder, `file${fileCount.toString()}`);
  writeFileSync(path, content);
  return path;
}

/** Everything that can be read, and the message of the error at the end. */
async function readAll(file: string): Promise<{ entries: Entry[]; failure: string | undefined }> {
  const entries: Entry[] = [];
  try {
    const { batches } = await openSource(file);
    for await (const batch of batches) entries.push(...batch);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    const { message } = error as InputError;
    expect(message).not.toContain("\n");
    return { entries, failure: message.replaceAll(file, "FILE") };
  }
  return { entries, failure: undefined };
}

const setup: Setup = { guests: [{ ver: 0x10n, cap: 0n, ecap: 0n, p2m: [], devices: [] }] };
const header = encodeHeader(setup);
const linesOf = (events: readonly LogEvent[]): string[] => [header, ...events.map(encodeEvent)];
const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
const entriesOf = (events: readonly LogEvent[]): unknown[] =>
  events.map((event, index) => ({ line: index + 2, ...event }));

describe("laws", () => {
  test("[LO2] a log cut at any byte yields its longest valid prefix and one error", async () => {
    const law = fc.asyncProperty(anyEvents, fc.nat(), async (events, at) => {
      const whole = Buffer.from(textOf(linesOf(events)));
      const cut = whole.subarray(0, at % (whole.length + 1));
      const { entries, failure } = await readAll(fileOf(cut));
      const lines = cut.toString("utf8").split("\n");
      // A line is there in full when its last character is, with the line's end or without it.
      const complete = linesOf(events).filter((line, index) => lines[index] === line).length;
      expect(entries).toEqual(entriesOf(events.slice(0, Math.max(0, complete - 1))));
      const open = lines.length > complete && lines.at(-1) !== "";
      if (cut.length === 0) expect(failure).toBe("FILE:1: empty");
      else if (open) expect(failure).toMatch(`FILE:${(complete + 1).toString()}: not JSON`);
      else expect(failure).toBeUndefined();
    });
    await fc.assert(law);
  });

  test("[LO2] a gzipped log cut at any byte yields a prefix and one error", async () => {
    let partial = 0;
    const law = fc.asyncProperty(
      anyEvents,
      fc.double({ min: 0.2, max: 1 }),
      async (events, share) => {
        const whole = gzipSync(textOf(linesOf(events)));
        const cut = whole.subarray(0, Math.floor(share * whole.length));
        const { entries, failure } = await readAll(fileOf(cut));
        expect(entries).toEqual(entriesOf(events.slice(0, entries.length)));
        if (cut.length === whole.length) expect(failure).toBeUndefined();
        else expect(failure).toMatch(/^FILE:\d+: (gzip cut short|empty)$/);
        if (failure !== undefined && entries.length > 0) partial++;
      },
    );
    await fc.assert(law);
    expect(partial).toBeGreaterThan(10);
  });
});

describe("examples", () => {
  const notes = Array.from({ length: 5000 }, (_, index): LogEvent => {
    return { seq: index + 1, input: { type: "Note", text: `note ${index.toString()} é` } };
  });

  test("[LO2] a gzipped log cut near its end yields nearly everything", async () => {
    const whole = gzipSync(textOf(linesOf(notes)));
    const { entries, failure } = await readAll(fileOf(whole.subarray(0, whole.length - 20)));
    expect(entries.length).toBeGreaterThan(4900);
    expect(failure).toBe(`FILE:${(entries.length + 2).toString()}: gzip cut short`);
  });

  test.each(["log.ndjson", "log.ndjson.gz"])(
    "[LO2] what is written to %s is read",
    async (name) => {
      const file = join(folder, name);
      const writer = openWriter(file);
      for (const line of linesOf(notes)) await writer.line(line);
      await writer.close();
      expect(await readAll(file)).toEqual({ entries: entriesOf(notes), failure: undefined });
    },
  );

  test("[CL16] a recording is told from a log by its first line", async () => {
    const first = '{"recording":1,"ver":"0x10","cap":"0x0","ecap":"0x0"}';
    const file = fileOf(gzipSync(`${first}\n{"note":"x"}\n{"dream":1}\n`));
    const source = await openSource(file);
    await source.close();
    expect(source.kind).toBe("recording");
    const { entries, failure } = await readAll(file);
    expect(entries).toEqual([{ line: 2, seq: undefined, input: { type: "Note", text: "x" } }]);
    expect(failure).toBe('FILE:3: unknown line of a recording: "dream"');
  });

  test("[CL17] a damaged gzip is one error", async () => {
    const whole = gzipSync(textOf(linesOf(notes)));
    whole.fill(0xff, whole.length >> 1, (whole.length >> 1) + 64);
    const { entries, failure } = await readAll(fileOf(whole));
    expect(failure).toMatch(/^FILE:\d+: .+$/);
    expect(entries.length).toBeGreaterThan(2000);
  });

  test("[CL17] a wrong checksum, or more behind the end, comes after every line", async () => {
    const whole = gzipSync(textOf(linesOf(notes)));
    const wrong = Buffer.from(whole);
    wrong.writeUInt8(wrong.readUInt8(whole.length - 8) ^ 1, whole.length - 8);
    for (const bytes of [wrong, Buffer.concat([whole, Buffer.from("and more")])]) {
      const { entries, failure } = await readAll(fileOf(bytes));
      expect(entries).toEqual(entriesOf(notes));
      expect(failure).toMatch(/^FILE:5002: damaged gzip \(.+\)$/);
    }
    const twice = await readAll(fileOf(Buffer.concat([whole, gzipSync("")])));
    expect(twice).toEqual({ entries: entriesOf(notes), failure: undefined });
  });

  test("[CL17] a byte order mark is skipped, and what is not UTF-8 is refused", async () => {
    const text = textOf(linesOf(notes.slice(0, 3)));
    const marked = await readAll(fileOf(`\ufeff${text}`));
    expect(marked).toEqual({ entries: entriesOf(notes.slice(0, 3)), failure: undefined });
    const bytes = Buffer.from(text);
    const at = bytes.lastIndexOf("é") + 1;
    bytes[at] = 0x20;
    const refused = await readAll(fileOf(bytes));
    expect(refused).toEqual({
      entries: entriesOf(notes.slice(0, 2)),
      failure: "FILE:4: not UTF-8 text",
    });
    const picture = await readAll(fileOf(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a])));
    expect(picture.failure).toBe("FILE:1: not UTF-8 text: it is a picture (PNG)");
  });
});

describe("bad input", () => {
  const note = '{"seq":1,"input":"Note","text":"x"}';
  test.each([
    ["nothing", "", "FILE:1: empty"],
    ["a picture", "\u0089PNG\r\n", 'FILE:1: not JSON: "\\u0089PNG\\r"'],
    ["a web page", "<!doctype html>\n", 'FILE:1: not JSON: "<!doctype html>": it is a web page'],
    ["events without a header", note, 'FILE:1: no header: a log starts with {"shadowfold":1,...}'],
    ["a future version", '{"shadowfold":2}', "FILE:1: written by format 2; this is 1"],
    ["half a line", `${header}\n${note}\n{"seq":2,"inp`, 'FILE:3: not JSON: "{\\"seq\\":2,\\"inp"'],
    ["a line twice", `${header}\n${note}\n${note}\n`, "FILE:3: seq 1 does not follow 1"],
    ["an empty line", `${header}\n\n${note}\n`, 'FILE:2: not JSON: ""'],
  ])("[CL17] %s", async (_, content, failure) => {
    const result = await readAll(fileOf(content));
    expect(result.failure?.replace("\\u0089", "\u0089")).toBe(failure.replace("\\u0089", "\u0089"));
    expect(result.entries.length).toBe(failure.startsWith("FILE:3") ? 1 : 0);
  });

  test("[CL11] a missing file, a folder, a target that cannot be", async () => {
    const missing = await readAll(join(folder, "none"));
    expect(missing.failure).toBe("FILE: no such file or directory");
    expect((await readAll(folder)).failure).toBe("FILE: is a directory");
    const writer = openWriter(join(folder, "none", "log"));
    await writer.line(header);
    await expect(writer.close()).rejects.toThrow(/log: no such file or directory$/);
  });
});
