import { describe, expect, it } from "vitest";
import { facts } from "../../events/fact.ts";
import { inputs } from "../../events/input.ts";
import { rowOf } from "../../history/columns/columns.ts";
import {
  allWhere,
  lookFor,
  nextWhere,
  parseExpression,
  questionOf,
} from "../../history/expression/expression.ts";
import { ExpressionError } from "../../history/expression/expression-error.ts";
import { expressionNames, nameOfField } from "../../history/expression/name.ts";
import { verdict } from "../../history/expression/row-test.ts";
import { changesIn } from "../../history/lifeline/lifeline.ts";
import { continueBack, continueForward } from "../../history/timeline/cursor.ts";
import { eventAt } from "../../history/timeline/seek.ts";
import { someRuns, travelled } from "./travelled.ts";

const worlds = someRuns(72, 3).map((run) => travelled(run));

/** Expressions of every form, with the share of events that columns alone answer. */
const expressions: readonly (readonly [text: string, columns: "all" | "some"])[] = [
  ['event == "MemoryWrite"', "all"],
  ['fact != null && fact.startsWith("Shadow")', "all"],
  ['input in ["Dma", "DmaIssue"] && device == "00:01.0"', "all"],
  ['!(device == "00:01.0") && event.matches("^(Dma|Fault)")', "all"],
  ["iova >= 0x1000 && iova < 0x8000000", "all"],
  ["0x1000 <= iova || gpa > 0x10000", "all"],
  ["!(iova > 0x2000)", "all"],
  ["iova == null ? gpa == 0x1000 : iova % 4096 == 0", "all"],
  ["gpa < -1 || iova <= 0x1ffffffffffffffff && iova != 0x5000", "all"],
  ["iova == 0x5000 || gpa == iova", "all"],
  ["pasid != null && pasid < 3", "all"],
  ["reason > 0 || reason == 5 && fact == 'FaultRecorded'", "all"],
  ['register == "GCMD" || register == "IQT"', "all"],
  ["guest == 1 || did == 3", "all"],
  ["writes(0x8000, 0x4000)", "all"],
  ["writes(0) || !writes(0x1000, 0x100000)", "all"],
  ['laws.size() > 0 || "SH1" in laws', "all"],
  ["seq % 7 == 0 && cause < seq", "all"],
  ['source == device || source == "00:02.0"', "all"],
  ['access == "write" && input == "Dma"', "some"],
  ["value > 0x1000 || offset == 0x18", "some"],
  ['size == "4K" || size == 4', "some"],
  ["content.size() == 8 && writes(0, 0x100000000)", "some"],
  ["length > 4096 || (iova < 0x100000 && !has(observed.gpa))", "some"],
  ["tables.exists(table, table > 0x1000) || flushed", "some"],
  ["hpa > gpa ? read == 'ok' : write == true", "some"],
  ["true", "all"],
  ["false || event == 'none'", "all"],
];

describe("expressions", () => {
  it("[TT6] columns say of every event what the event itself says", () => {
    let answered = 0;
    const wrong: string[] = [];
    for (const { timeline } of worlds) {
      const changesAt = changesIn(timeline);
      for (const [text, share] of expressions) {
        const question = questionOf(timeline, parseExpression(text), changesAt);
        let unknown = 0;
        for (let seq = 1; seq <= timeline.end.seq; seq++) {
          const row = rowOf(timeline.columns, seq);
          const said = row && question.columns.test(row.chunk, row.at, seq);
          if (said === verdict.unknown) unknown += 1;
          else if ((said === verdict.yes) !== question.isTrueOf(seq)) wrong.push(`${text}: ${seq}`);
          if (said === verdict.yes) answered += 1;
        }
        if (share === "all") expect(`${text}: ${unknown}`).toBe(`${text}: 0`);
      }
    }
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(1000);
  });

  it("[TT6] addresses are compared to the last bit, whatever their size", () => {
    const [{ timeline }] = worlds as [(typeof worlds)[number]];
    const seqs = Array.from({ length: timeline.end.seq }, (_, index) => index + 1);
    const met = new Set<bigint>();
    for (const seq of seqs) {
      const event = eventAt(timeline, seq)?.event;
      if (event !== undefined && "iova" in event && event.iova !== undefined) met.add(event.iova);
    }
    const limits = [...met].sort((a, b) => (a < b ? -1 : 1));
    const wrong: string[] = [];
    for (const limit of [...limits.slice(0, 4), ...limits.slice(-4)]) {
      for (const op of ["<", "<=", ">", ">=", "==", "!="]) {
        for (const text of [`iova ${op} ${limit}`, `${limit + 1n} ${op} iova`]) {
          const question = questionOf(timeline, parseExpression(text), () => false);
          const isWrong = (seq: number) => question.isTrueAt(seq) !== question.isTrueOf(seq);
          for (const seq of seqs.filter(isWrong)) wrong.push(`${text}: ${seq}`);
          expect(nextWhere(question, { from: 1, to: timeline.end.seq })).toBe(
            seqs.find(question.isTrueOf),
          );
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(limits.length).toBeGreaterThan(8);
    expect(limits.at(-1)).toBeGreaterThan(0xffff_ffffn);
  });

  it("[TT7] continuing forwards and backwards finds the nearest event and passes over none", () => {
    for (const { timeline } of worlds.slice(0, 1)) {
      const last = timeline.end.seq;
      for (const [text] of expressions) {
        const question = questionOf(timeline, parseExpression(text), changesIn(timeline));
        const wanted = Array.from({ length: last }, (_, at) => at + 1).filter(question.isTrueOf);
        expect([...allWhere(question, { from: 1, to: last })]).toEqual(wanted);
        expect([...allWhere(question, { from: last, to: 1 })]).toEqual([...wanted].reverse());
        for (const at of [0, 1, Math.floor(last / 2), last]) {
          expect(continueForward(question, at)).toBe(wanted.find((seq) => seq > at));
          expect(continueBack(question, at)).toBe(wanted.findLast((seq) => seq < at));
        }
        expect(nextWhere(question, { from: 5, to: 9 })).toBe(
          wanted.find((seq) => seq >= 5 && seq <= 9),
        );
      }
    }
  });

  it("[TT7] a long search says how far it is, and can be ended", () => {
    const [{ timeline }] = worlds as [(typeof worlds)[number]];
    const last = timeline.end.seq;
    const never = questionOf(timeline, parseExpression("seq > 100000000"), changesIn(timeline));
    expect([...lookFor(never, { from: last, to: 1 }, 50)].map(({ at }) => at)).toEqual(
      Array.from({ length: Math.ceil(last / 50) }, (_, index) => last - index * 50 - 49),
    );
    const first = questionOf(timeline, parseExpression("seq == 120"), changesIn(timeline));
    const search = lookFor(first, { from: 1, to: last }, 50);
    expect([search.next().value, search.next().value]).toEqual([{ at: 50 }, { at: 100 }]);
    expect(search.next()).toEqual({ done: true, value: 120 });
  });

  it("[TT8] what is no expression is one line with the position", () => {
    const wrong: readonly (readonly [text: string, position: number, reason: RegExp])[] = [
      ["", 1, /EOF/],
      ["event ==", 9, /EOF/],
      ['event == "Dma" && evnt == "x"', 19, /Unknown variable: evnt/],
      ["iova == 'x'", 1, /no such overload/],
      ["iova + 1", 1, /int, not true or false/],
      ["event", 1, /string, not true or false/],
      ['event == "Dma" && writes("x")', 19, /writes/],
      ["seq > 1\n && (", 14, /EOF/],
      ["device in [1]", 1, /no such overload/],
      [`${"true && ".repeat(2000)}true`, 10_000, /longer than/],
    ];
    for (const [text, position, reason] of wrong) {
      let caught: unknown;
      try {
        parseExpression(text);
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(ExpressionError);
      expect(caught).toMatchObject({ position, reason: expect.stringMatching(reason) });
      expect((caught as Error).message).not.toContain("\n");
    }
  });

  it("[TT8] every field of the log is a name, and every name but seven is such a field", () => {
    const fields = Object.values({ ...inputs, ...facts }).flatMap((table) => Object.keys(table));
    const names = new Set(expressionNames.map(({ name }) => name));
    expect(names.size).toBe(expressionNames.length);
    expect(new Set(fields.map(nameOfField)).size).toBe(names.size - 7);
    for (const { name } of expressionNames) {
      expect(() => parseExpression(`${name} == null || true`)).not.toThrow();
    }
  });
});
