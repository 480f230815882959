import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { parseExpression, questionOf } from "../../history/expression/expression.ts";
import type { Digest } from "../../history/index/index-file.ts";
import { believeIndex, IndexError, indexParts, openIndex } from "../../history/index/index-file.ts";
import { changesIn, lifelineOf } from "../../history/lifeline/lifeline.ts";
import { eventAt, worldAt } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import { append } from "../../history/timeline/timeline.ts";
import { stateHash } from "../../projections/digest.ts";
import { pagesAsked, someRuns, travelled, violationsOf } from "./travelled.ts";

const worlds = someRuns(76, 5).map((run) => travelled(run));
const [{ timeline: first }] = worlds as [(typeof worlds)[number]];

const digest: Digest = (parts) => {
  const hash = sha256.create();
  for (const part of parts) hash.update(part);
  return bytesToHex(hash.digest());
};

const log = { bytes: 100, digest: "abc" };

function bytesOf(timeline: Timeline): Uint8Array {
  return new Uint8Array(Buffer.concat(indexParts(timeline, log, digest)));
}

const readBack = (bytes: Uint8Array, of = log): Timeline =>
  believeIndex(openIndex(bytes), of, digest, violationsOf);

describe("a saved index", () => {
  it("[TT18] answers as the timeline does that was saved, and goes on like it", () => {
    for (const { run, timeline } of worlds) {
      const read = readBack(bytesOf(timeline));
      const last = timeline.end.seq;
      expect(read.refolded).toBeLessThanOrEqual(timeline.inputs.count);
      for (const at of [0, 1, last >> 2, last >> 1, last - 1, last]) {
        const [one, other] = [worldAt(read, at), worldAt(timeline, at)];
        expect(one && stateHash(one)).toBe(other && stateHash(other));
        expect(eventAt(read, at)).toEqual(eventAt(timeline, at));
      }
      for (const text of [
        'fact == "DmaBlocked"',
        "iova >= 0x1000 && writes(0, 65536)",
        "did == 1",
      ]) {
        const asked = [read, timeline].map((of) => {
          const question = questionOf(of, parseExpression(text), changesIn(of));
          return Array.from({ length: last }, (_, index) => question.isTrueAt(index + 1));
        });
        expect(asked[0]).toEqual(asked[1]);
      }
      for (const place of pagesAsked(run).slice(0, 4)) {
        expect(lifelineOf(read, place)).toEqual(lifelineOf(timeline, place));
      }
    }
    const { run, timeline } = worlds[1] as (typeof worlds)[number];
    const read = readBack(bytesOf(timeline));
    for (const input of run.inputs.slice(0, 40)) {
      expect(append(read, input).facts).toEqual(append(timeline, input).facts);
    }
    expect(stateHash(read.end)).toBe(stateHash(timeline.end));
    expect(read.checkpoints.kept.length).toBe(timeline.checkpoints.kept.length);
  });

  it("[TT18] worlds that were read share what those that were saved share", () => {
    const read = readBack(bytesOf(first));
    const shared = (timeline: Timeline): number => {
      const met = new Set<object>();
      let again = 0;
      for (const { world } of timeline.checkpoints.kept) {
        for (const guest of world.guests) {
          for (const part of Object.values(guest)) {
            if (typeof part !== "object" || part === null) continue;
            if (met.has(part)) again += 1;
            met.add(part);
          }
        }
      }
      return again;
    };
    expect(shared(read)).toBe(shared(first));
    expect(shared(read)).toBeGreaterThan(20);
  });

  it("[TT19] an index of another log, a damaged one and one cut short are not believed", () => {
    const bytes = bytesOf(first);
    expect(() => readBack(bytes, { bytes: 99, digest: "abc" })).toThrow("is of another log");
    expect(() => readBack(bytes, { bytes: 100, digest: "abd" })).toThrow("is of another log");
    expect(() => readBack(new Uint8Array(0))).toThrow("is no index");
    expect(() => readBack(new TextEncoder().encode("{}\n"))).toThrow("is no index");
    const other = new TextEncoder().encode('{"shadowfoldIndex":1,"model":"0.0.0","log":{}}\n');
    expect(() => readBack(other)).toThrow("is of another version of the model");
    for (const cut of [bytes.length - 1, bytes.length >> 1]) {
      expect(() => readBack(bytes.subarray(0, cut))).toThrow("is damaged");
    }
    for (let at = 300; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
      const turned = bytes.slice();
      turned[at] = (turned[at] as number) ^ 1;
      expect(() => readBack(turned)).toThrow(IndexError);
    }
  });

  it("[TT19] an index that the model would no longer decide is not believed", () => {
    const { timeline } = travelled((worlds[2] as (typeof worlds)[number]).run, {
      spacing: 1e9,
      judge: violationsOf,
    });
    const seq = timeline.end.seq - 1;
    const fact = Array.from({ length: seq }, (_, index) => seq - index).find(
      (at) => eventAt(timeline, at)?.cause !== at,
    ) as number;
    const chunk = timeline.columns.chunks[0];
    if (chunk !== undefined) chunk.event[fact - 1] = 127;
    expect(() => readBack(bytesOf(timeline))).toThrow("decides otherwise");
  });
});
