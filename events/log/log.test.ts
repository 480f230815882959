import { describe, expect, test } from "vitest";
import { gpa, iova, sourceId } from "../address.ts";
import type { Setup } from "../setup.ts";
import { encodeEvent, encodeHeader, encodeInput, parseEvent, parseHeader } from "./log.ts";
import { encodeEnd } from "./log-end.ts";
import { LogError } from "./log-error.ts";
import { readLog } from "./read-log.ts";

const setup: Setup = { guests: [{ ver: 0x10n, cap: 0n, ecap: 0n, p2m: [], devices: [] }] };

describe("examples", () => {
  test("[LO2] an input is one line, its number and its name first", () => {
    const dma = { type: "Dma", device: sourceId(0x20), iova: iova(0x1806000n) } as const;
    const line = encodeInput(7, { ...dma, access: "write", observed: { reason: 5 } });
    expect(line).toBe(
      '{"seq":7,"input":"Dma","device":"00:04.0","iova":"0x1806000","access":"write",' +
        '"observed":{"reason":5}}',
    );
  });

  test("[LO2] a fact names the input behind it", () => {
    const line = encodeEvent({ seq: 9, cause: 7, fact: { type: "TranslationEnabled" } });
    expect(line).toBe('{"seq":9,"cause":7,"fact":"TranslationEnabled"}');
    const range = { type: "P2mUnmapped", gpa: gpa(0n), length: 1n << 64n } as const;
    const back = parseEvent(encodeEvent({ seq: 9, cause: 7, fact: range }), 1);
    expect(back).toEqual({ seq: 9, cause: 7, fact: range });
  });

  test("[LO2] the header carries format, model and setup", () => {
    expect(encodeHeader(setup)).toBe(
      '{"shadowfold":1,"model":"0.1.0",' +
        '"guests":[{"ver":"0x10","cap":"0x0","ecap":"0x0","p2m":[],"devices":[]}]}',
    );
  });
});

const good = '"seq":5,"input":"RegisterWrite","offset":24,"size":4,"value":"0x1"';
const refused: readonly (readonly [string, string, string])[] = [
  ["a line that is not JSON", "{nonsense", 'not JSON: "{nonsense"'],
  ["an empty line", "", 'not JSON: ""'],
  ["JSON that is no object", "[1]", 'not a JSON object: "[1]"'],
  ["an unknown input", '{"seq":5,"input":"Dream"}', 'unknown event "Dream"'],
  ["an unknown fact", '{"seq":5,"cause":1,"fact":"Dreamt"}', 'unknown event "Dreamt"'],
  ["an event by a name of objects", '{"seq":5,"input":"toString"}', 'unknown event "toString"'],
  ["a name that is none", '{"seq":5,"input":7}', "unknown event 7"],
  ["no event", '{"seq":5}', "neither an input nor a fact"],
  ["an unknown field", `{${good},"colour":1}`, 'RegisterWrite: unknown field "colour"'],
  ["a fact's field", `{${good},"cause":1}`, 'RegisterWrite: unknown field "cause"'],
  ["both kinds at once", `{${good},"fact":"UnitWasReset"}`, "both an input and a fact"],
  [
    "a long name",
    `{"seq":5,"input":"${"Dream".repeat(99)}"}`,
    `unknown event "${"Dream".repeat(15)}D...`,
  ],
  [
    "a missing field",
    '{"seq":5,"input":"DmaComplete"}',
    "DmaComplete: tag: expected integer 0 to 9007199254740991, found nothing",
  ],
  [
    "a number out of range",
    `{${good.replace("24", "4096")}}`,
    "RegisterWrite: offset: expected integer 0 to 4095, found 4096",
  ],
  [
    "a word of 65 bits",
    `{${good.replace("0x1", "0x10000000000000000")}}`,
    'RegisterWrite: value: expected 64-bit word, found "0x10000000000000000"',
  ],
  ["a number that is none", `{${good.replace("5", "-1")}}`, "seq: expected a whole number from 1"],
  ["a number that goes back", `{${good.replace("5", "4")}}`, "seq 4 does not follow 4"],
  ["a cause to come", '{"seq":5,"cause":5,"fact":"UnitWasReset"}', "cause 5 is not before it"],
  ["no cause", '{"seq":5,"fact":"UnitWasReset"}', "cause: expected a whole number from 1"],
];

describe("bad input", () => {
  test.each(refused)("[LO2] %s is refused by line and reason", (_, line, reason) => {
    expect(() => parseEvent(line, 12, 4)).toThrow(new LogError(12, reason));
  });

  const header = encodeHeader(setup);
  const headers: readonly (readonly [string, string, string])[] = [
    ["an event", `{${good}}`, 'no header: a log starts with {"shadowfold":1,...}'],
    ["a future version", '{"shadowfold":2,"planets":[]}', "written by format 2; this is 1"],
    ["a version that never was", '{"shadowfold":0}', "unknown format 0"],
    ["a version that is none", '{"shadowfold":"1"}', "format version is no whole number"],
    ["an unknown field", header.replace('"model"', '"moon":1,"model"'), 'unknown field "moon"'],
    ["no model", header.replace('"model":"0.1.0",', ""), "model: expected text"],
  ];
  test.each(headers)("[LO2] instead of a header, %s is refused", (_, line, reason) => {
    expect(() => parseHeader(line)).toThrow(new LogError(1, reason));
  });
});

describe("the end of a log", () => {
  const note = (seq: number) => encodeEvent({ seq, input: { type: "Note", text: "x" } });
  const numbers = (...lines: readonly string[]) =>
    [...readLog([encodeHeader(setup), ...lines]).events].map(({ seq }) => seq);

  test("[LO7] counts its events, and nothing follows it", () => {
    expect(numbers(encodeEnd(0))).toEqual([]);
    expect(numbers(note(1), note(4), encodeEnd(4))).toEqual([1, 4]);
    expect(() => numbers(note(1), encodeEnd(4))).toThrow(
      new LogError(3, "the log ends with event 1, and its end says otherwise"),
    );
    expect(() => numbers(note(1), '{"end":1,"x":0}')).toThrow(LogError);
    expect(() => numbers(note(1), encodeEnd(1), note(2))).toThrow(
      new LogError(4, "a line after the log's end"),
    );
    expect(() => numbers(encodeEnd(0), encodeEnd(0))).toThrow(LogError);
  });

  test("[LO6] a line with a key twice is refused", () => {
    const twice = note(1).replace('"text"', '"text":"y","text"');
    expect(() => numbers(twice)).toThrow(new LogError(2, 'the key "text" is given twice'));
  });
});
