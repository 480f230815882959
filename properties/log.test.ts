import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { facts } from "../events/fact.ts";
import { inputs } from "../events/input.ts";
import type { LogEvent } from "../events/log/log.ts";
import { encodeEvent, encodeHeader, parseEvent, parseHeader } from "../events/log/log.ts";
import { LogError } from "../events/log/log-error.ts";
import type { Setup } from "../events/setup.ts";
import { anyEvents, anyFact, anyInput, anySetup } from "./arbitrary/event.ts";

/** The values of a text of lines, as long as they can be read. */
function decode(lines: readonly string[]): { setup: Setup; events: LogEvent[] } {
  const header = parseHeader(lines[0] ?? "");
  const events: LogEvent[] = [];
  for (const [index, line] of lines.entries()) {
    if (index > 0) events.push(parseEvent(line, index + 1, events.at(-1)?.seq, header.version));
  }
  return { setup: header.setup, events };
}

describe("laws", () => {
  test("[LO2] decode(encode(log)) is the log", () => {
    fc.assert(
      fc.property(anySetup, anyEvents, (world, events) => {
        const lines = [encodeHeader(world), ...events.map(encodeEvent)];
        expect(decode(lines)).toStrictEqual({ setup: world, events });
        expect(lines.every((line) => !line.includes("\n"))).toBe(true);
      }),
    );
  });

  test("[LO2] a line without its last characters is never a line", () => {
    fc.assert(
      fc.property(anyEvents, fc.nat(), (events, at) => {
        for (const event of events) {
          const line = encodeEvent(event);
          const cut = line.slice(0, at % line.length);
          expect(() => parseEvent(cut, 1)).toThrow(LogError);
        }
      }),
    );
  });

  test("[PF3] no text whatsoever makes the codec fail in another way", () => {
    const near = fc.json().map((json) => `{"seq":1,"input":"Dma","iova":${json}}`);
    const event = fc.json().map((json) => `{"seq":${json},"cause":${json},"fact":"ShadowMapped"}`);
    const header = fc.json().map((json) => `{"shadowfold":1,"model":"x","guests":[${json}]}`);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), near, event, header), (line) => {
        for (const parse of [parseEvent, parseHeader]) {
          try {
            parse(line, 3);
          } catch (error) {
            expect(error).toBeInstanceOf(LogError);
          }
        }
      }),
    );
  });

  test("[LO2] sometimes: every input and every fact is drawn", () => {
    const drawn = new Set(fc.sample(anyInput, 2000).map((event) => event.type as string));
    for (const fact of fc.sample(anyFact, 6000)) drawn.add(fact.type);
    expect([...Object.keys(inputs), ...Object.keys(facts)].filter((t) => !drawn.has(t))).toEqual(
      [],
    );
  });
});
