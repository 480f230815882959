// Length: one log, exported in three formats, each read by a small reader of its own.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { afterAll, describe, expect, test } from "vitest";
import type { Input } from "../events/input.ts";
import { encodeEvent, encodeHeader } from "../events/log/log.ts";
import {
  booted,
  iotlbOfAll,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  submit,
  waitNothing,
} from "../properties/examples/driver.ts";
import { flat } from "../properties/examples/given.ts";
import { unit } from "../properties/examples/unit.ts";
import { field } from "./export/perfetto-message.ts";
import { captureRun } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("export", afterAll);
const note: Input = { type: "Note", text: 'a "b", c\nd' };
const inputs = flat([
  booted,
  queueOn,
  reads(page),
  memory(leafEntry, 0n),
  submit(iotlbOfAll, waitNothing),
  reads(page),
  note,
]);
const lines = [
  encodeHeader(unit()),
  ...inputs.map((input, index) => encodeEvent({ seq: index + 1, input })),
];
const file = fileOf("guest.log", `${lines.join("\n")}\n`);

/** What the log lists. */
const listed = (await captureRun("log", file, "--json")).out
  .trim()
  .split("\n")
  .map(
    (line) => JSON.parse(line) as { seq: number; cause?: number; input?: string; fact?: string },
  );

async function exported(format: string, ...words: readonly string[]): Promise<Buffer> {
  const out = join(folder, `guest.${format}`);
  const { code, err } = await captureRun("export", format, file, "-o", out, "--force", ...words);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return readFileSync(out);
}

type Fields = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>;

/** The fields of a message, by their numbers. */
function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (bigint | Uint8Array)[]>();
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const value =
      wire === WireType.LengthDelimited
        ? reader.bytes()
        : BigInt(wire === WireType.Bit64 ? reader.fixed64() : reader.uint64());
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}
const inner = (fields: Fields, number: number): readonly Fields[] =>
  (fields.get(number) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
const numberIn = (fields: Fields, number: number): number => Number(fields.get(number)?.[0] ?? -1);
const textIn = (fields: Fields, number: number): string =>
  Buffer.from((fields.get(number)?.[0] ?? new Uint8Array()) as Uint8Array).toString("utf8");

describe("export perfetto", () => {
  test("[XP1] every event is a slice in the lane of what it is about", async () => {
    const packets = inner(fieldsOf(await exported("perfetto")), field.trace.packet);
    const tracks = new Map(
      packets.flatMap((packet) =>
        inner(packet, field.packet.trackDescriptor).map((track) => [
          numberIn(track, field.track.uuid),
          textIn(track, field.track.name),
        ]),
      ),
    );
    const events = packets.flatMap((packet) =>
      inner(packet, field.packet.trackEvent).map((event) => {
        const annotations = inner(event, field.event.annotations);
        return {
          time: numberIn(packet, field.packet.timestamp),
          type: numberIn(event, field.event.type),
          lane: tracks.get(numberIn(event, field.event.track)),
          name: textIn(event, field.event.name),
          flows: event.get(field.event.flows) ?? [],
          ends: event.get(field.event.endingFlows) ?? [],
          first: annotations.map((one) => textIn(one, field.annotation.text))[0],
        };
      }),
    );
    const begun = events.filter(({ type }) => type === 1);
    const wanted = listed.map(({ seq, input, fact }) => [
      seq * 1000,
      input ?? fact,
      `event:${seq}`,
    ]);
    expect(begun.map(({ time, name, first }) => [time, name, first])).toEqual(wanted);
    expect(events.filter(({ type }) => type === 2)).toHaveLength(begun.length);
    const lanes = new Map(begun.map(({ name, lane }) => [name, lane]));
    expect(Object.fromEntries(lanes)).toMatchObject({
      Dma: "Device 00:04.0",
      DmaBlocked: "Device 00:04.0",
      RegisterWrite: "CPU",
      DescriptorFetched: "Queue",
      IotlbInvalidated: "Invalidations",
      ShadowUnmapped: "Shadow",
      FaultRecorded: "Faults",
    });
    // Each arrow begins at an input and ends at one fact of it in another lane.
    const ends = begun.flatMap(({ ends: of, time, lane }) => of.map((id) => ({ id, time, lane })));
    expect(ends.length).toBeGreaterThan(20);
    for (const { id, time, lane } of ends) {
      const from = begun.find(({ flows }) => flows.includes(id));
      const cause = listed.find(({ seq }) => seq * 1000 === time)?.cause ?? 0;
      expect([from?.time, from?.lane === lane]).toEqual([cause * 1000, false]);
    }
    expect(begun.flatMap(({ flows }) => flows)).toHaveLength(ends.length);
    expect([...tracks.values()][0]).toBe("guest 0");
  });
});

/** A dump's wires by their whole names, and their values after a time. Written for this test. */
function readDump(text: string): (time: number) => ReadonlyMap<string, string> {
  const [head = "", body = ""] = text.split("$enddefinitions $end\n");
  const names = new Map<string, string>();
  const scope: string[] = [];
  for (const line of head.split("\n")) {
    const words = line.split(" ");
    if (words[0] === "$scope") scope.push(words[2] ?? "");
    if (words[0] === "$upscope") scope.pop();
    if (words[0] === "$var") names.set(words[3] ?? "", [...scope, words[4]].join("."));
  }
  expect(scope).toEqual([]);
  return (time) => {
    const values = new Map<string, string>();
    for (const line of body.split("\n")) {
      if (line.startsWith("#") && Number(line.slice(1)) > time) break;
      const [, value, code] = /^b([01x]+) (\S+)$/.exec(line) ?? /^([01x])(\S+)$/.exec(line) ?? [];
      if (code !== undefined) values.set(names.get(code) ?? "", value ?? "");
    }
    return values;
  };
}

describe("export vcd", () => {
  test("[XP2] registers, bits, queue pointers and charts are what the state says", async () => {
    const text = (await exported("vcd")).toString("utf8");
    const at = readDump(text);
    const times = [...text.matchAll(/^#(\d+)$/gm)].map(([, time]) => Number(time));
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
    expect(times.at(-1)).toBe((listed.at(-1)?.seq ?? 0) + 1);
    const halfway = listed.find(({ fact }) => fact === "DescriptorCompleted")?.seq ?? 0;
    for (const seq of [0, 12, halfway, listed.at(-1)?.seq ?? 0]) {
      const { out } = await captureRun("state", file, "--at", `${seq}`, "--json");
      const guest = JSON.parse(out).guests[0];
      const values = at(seq);
      for (const [name, row] of Object.entries<{ value: string }>(guest.registers)) {
        expect([name, BigInt(`0b${values.get(`guest0.registers.${name}`)}`)]).toEqual([
          name,
          BigInt(row.value),
        ]);
      }
      expect(BigInt(`0b${values.get("guest0.queue.head")}`)).toBe(BigInt(guest.queueHead));
      expect(values.get(`guest0.charts.translation.${guest.translation}`)).toBe("1");
      expect(values.get(`guest0.charts.invalidation_queue.${guest.queue}`)).toBe("1");
      const tes = (BigInt(guest.registers.GSTS.value) >> 31n) & 1n;
      expect(values.get("guest0.bits.GSTS.tes")).toBe(tes.toString());
      const charts = [...values].filter(([name]) => /charts\.translation\./.test(name));
      expect(charts.filter(([, value]) => value === "1")).toHaveLength(1);
    }
  });
});

/** Cells of comma-separated values. Written for this test. */
function readCells(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = "", end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^,\r]*))(,|\r\n)/g,
  )) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

describe("export csv", () => {
  test("[XP3] every event is a line, whatever stands in it", async () => {
    const [head = [], ...rows] = readCells((await exported("csv")).toString("utf8"));
    const at = (row: readonly string[], name: string): string => row[head.indexOf(name)] ?? "";
    expect(rows.map((row) => [at(row, "seq"), at(row, "cause"), at(row, "event")])).toEqual(
      listed.map(({ seq, cause, input, fact }) => [`${seq}`, `${cause ?? seq}`, input ?? fact]),
    );
    const dma = rows.find((row) => at(row, "event") === "Dma") ?? [];
    expect([at(dma, "device"), at(dma, "iova"), at(dma, "kind")]).toEqual([
      "00:04.0",
      "0x1806000",
      "input",
    ]);
    const last = rows.findLast((row) => at(row, "event") === "Note") ?? [];
    expect(JSON.parse(at(last, "others"))).toEqual({ text: note.text });
    for (const row of rows) expect(row).toHaveLength(head.length);
  });

  test("[XP3] a table of the state after an event is one", async () => {
    const table = await exported("csv", "--table", "hostentries", "--at", "33");
    expect(readCells(table.toString("utf8"))).toEqual([
      ["guest", "key", "state", "did", "shadow", "fpd"],
      ["0", "00:04.0", "shadowed", "5", "1", "false"],
    ]);
  });
});

test("[XP4] what cannot be is refused; a log cut short is exported up to the cut", async () => {
  const none = join(folder, "none.csv");
  const wrong = [
    ["csv", file, "-o", none, "--table", "clouds"],
    ["csv", file, "-o", none, "--at", "3"],
    ["vcd", file],
    ["vcd", `${file}.none`, "-o", none],
    ["perfetto", file, "-o", file, "--force"],
    ["pdf", file, "-o", none],
  ];
  for (const words of wrong) {
    const { code, out, err } = await captureRun("export", ...words);
    expect({ code, out, lines: err.trim().split("\n").length }).toEqual({
      code: 2,
      out: "",
      lines: 1,
    });
  }
  const cut = fileOf("cut.log", `${lines.slice(0, 20).join("\n")}\n{"seq`);
  const out = join(folder, "cut.csv");
  const { code, err } = await captureRun("export", "csv", cut, "-o", out);
  expect(code).toBe(2);
  expect(err).toMatch(/cut\.log:\d+: .*; \S*cut\.csv has what is before\n$/);
  expect(readCells(readFileSync(out, "utf8")).length).toBeGreaterThan(20);
});
