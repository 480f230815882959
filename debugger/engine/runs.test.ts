import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { captureRun } from "../../cli/test/captured-run.ts";
import { stateHash } from "../../projections/digest.ts";
import type { EditAsked, Question, Questions, SpaceRow, WhatIfView } from "../protocol.ts";
import { opened, recordingLines } from "../test/opened.ts";
import { ask } from "./answers.ts";
import type { Opened } from "./opening.ts";
import { logView } from "./opening.ts";
import { stripsOf } from "./space-view.ts";

const folder = mkdtempSync(join(tmpdir(), "shadowfold-runs-"));
/** The beginning of a recording, up to after the first faults. */
let log: Opened;
beforeAll(async () => {
  log = await opened(recordingLines("linux-vfio-edu").slice(0, 1550).join("\n"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function answered<Q extends Question>(
  question: Q,
  of: Questions[Q][0],
  from = log,
): Promise<Questions[Q][1]> {
  const answer = await ask(from, question, of);
  if (typeof answer !== "object" || answer === null || !("next" in answer)) return answer;
  for (;;) {
    const next = answer.next();
    if (next.done === true) return next.value;
  }
}

const [write, announced] = [5628, 5634];
const branch = (...edits: readonly EditAsked[]): Promise<WhatIfView> =>
  answered("whatIf", { title: "what if", edits });
const requests = ({ dma }: WhatIfView) => dma.map(({ left, right }) => [left?.good, right?.good]);

describe("several branches", () => {
  it("[DB29] are kept side by side, compared, saved as logs that every command opens", async () => {
    const unsent = await branch({ kind: "unsent", fact: announced });
    const unwritten = await branch({ kind: "remove", at: write });
    expect(unsent.branch).not.toBe(unwritten.branch);
    const [one = 0, other = 0] = [unsent.branch, unwritten.branch];
    const again = await answered("compareBranches", { left: undefined, right: one, title: "" });
    expect(requests(again)).toEqual(requests(unsent));
    // In both the same requests land; that the one lacks the write comes first.
    const both = await answered("compareBranches", { left: one, right: other, title: "" });
    expect([both.dmaDiffering, both.first?.left?.seq, both.first?.right]).toEqual([
      ...[0, write],
      undefined,
    ]);
    const saved = await answered("saveRun", { branch: other });
    const file = join(folder, "other.log");
    writeFileSync(file, await saved.text());
    expect((await captureRun("verify", file)).code).toBe(0);
    const opening = await opened(await saved.text());
    const kept = log.branches.get(other)?.timeline.end;
    expect(kept && stateHash(opening.timeline.end)).toBe(kept && stateHash(kept));
    const whole = await answered("saveRun", { branch: undefined });
    expect((await opened(await whole.text())).timeline.end.seq).toBe(log.timeline.end.seq);
    expect(await answered("dropBranch", { branch: one })).toBe(true);
    await expect(answered("saveRun", { branch: one })).rejects.toThrow("not kept any more");
    await expect(branch({ kind: "remove", at: announced })).rejects.toThrow("is a fact");
    expect([...log.branches.keys()]).toEqual([other]);
  });

  it("[DB30] another log is compared: what matters first, and where it ends early", async () => {
    const unwritten = await branch({ kind: "remove", at: write });
    const saved = await answered("saveRun", { branch: unwritten.branch });
    const [head = "", ...lines] = (await saved.text()).split("\n");
    // Something is said at the start that changes nothing.
    const note = JSON.stringify({ seq: 1, input: "Note", text: "hello" });
    const inputs = lines.filter((line) => line.includes('"input"'));
    const renumbered = inputs.map((line, at) =>
      line.replace(/^\{"seq":\d+/, `{"seq":${(at + 2).toString()}`),
    );
    const text = [head, note, ...renumbered, "{]"].join("\n");
    const view = await answered("compareLog", { name: "b\u202e.log", bytes: new Blob([text]) });
    expect(requests(view)).toEqual(Array.from({ length: 16 }, () => [false, true]));
    expect([view.passedOver, view.first?.left?.seq, view.first?.right]).toEqual([
      ...[1, write],
      undefined,
    ]);
    expect(view.differences[0]?.right?.input).toContain("hello");
    expect([view.title, view.branch]).toEqual(["b\\u202e.log", undefined]);
    expect(view.note).toMatch(/not JSON/);
    const bytes = new Blob(["GIF89a"]);
    await expect(answered("compareLog", { name: "a", bytes })).rejects.toThrow("no log");
    const stopped = ask(log, "compareLog", { name: "a", bytes: new Blob([text]) }, () => true);
    await expect(stopped).rejects.toThrow("stopped");
  });
});

describe("what a page lies in, and what waits", () => {
  const asked = { guest: 0, device: "00:04.0", iova: "0x29e03000", pasid: "" } as const;
  const space = (at: number) => answered("space", { at, asked: { ...asked, access: "read" } });
  const rowAt = (rows: readonly SpaceRow[], page: number) =>
    rows.find(({ first, count }) => first <= page && page < first + count);

  it("[DB31] the map of a domain leads to its pages, what waits before what is used", async () => {
    const kinds = [];
    for (const at of [write - 1, write, announced + 1, 5700]) {
      kinds.push(rowAt((await space(at)).rows, 0x29e03)?.kind);
    }
    expect(kinds).toEqual(["used", "pending", undefined, "met"]);
    const { rows, strips, pages, name } = await space(write);
    expect(name).toBe("domain 3 (00:04.0)");
    const sum = rows.reduce((all, { count }) => all + count, 0);
    expect(Object.values(pages).reduce((all, count) => all + count, 0)).toBe(sum);
    const drawn = strips.flatMap(({ cells }) => [...cells]).filter((cell) => cell > 0);
    expect(drawn.map((cell) => rows[cell - 1]?.kind)).toContain("pending");
    expect(rowAt(rows, 0x29e03)?.asked.iova).toBe("0x29e03000");
    const nobody = await answered("space", {
      at: 1,
      asked: { ...asked, device: "00:1f.0", access: "read" },
    });
    expect([nobody.rows.length, nobody.strips.length]).toEqual([0, 0]);
  });

  it("[DB32] a map has so few strips that it is seen, and hides nothing that waits", () => {
    const row = (first: number, count: number, kind: SpaceRow["kind"]) =>
      ({ first, count, kind }) as SpaceRow;
    const [one] = stripsOf([row(0, 128, "mapped")]);
    expect([one?.each, one?.cells.every((cell) => cell === 1)]).toEqual([1, true]);
    const far = Array.from({ length: 500 }, (_, at) => row(at * 1000, 999, "used"));
    const all = [...far.slice(0, 250), row(249_999, 1, "pending"), ...far.slice(250)];
    const strips = stripsOf([row(0, 2 ** 36, "above"), ...all].slice(1));
    expect(strips.length).toBeLessThanOrEqual(12);
    expect(strips.some(({ cells }) => cells.includes(251))).toBe(true);
    expect(stripsOf([row(5, 2 ** 36, "above")])).toEqual([]);
  });

  it("[DB33] what waits is listed with since when; text that turns others is escaped", async () => {
    const { waiting } = (await answered("state", { at: write, guest: 0 })) ?? { waiting: [] };
    expect(waiting).toContainEqual({ text: "domain 3: 0x29e03000 to 0x29e0afff", since: write });
    expect(waiting.some(({ text, since }) => /above/.test(text) && since === 1072)).toBe(true);
    const [head = ""] = recordingLines("linux-vfio-edu");
    const turned = await opened([head, '{"note":"\u202eabc"}', "\u202e{"].join("\n"));
    const { cut, isStopped } = logView(turned);
    expect([cut?.includes("\\u202e"), cut?.includes("\u202e"), isStopped]).toEqual([
      ...[true, false],
      false,
    ]);
    expect((await answered("rows", { from: 1, count: 1 }, turned))[0]?.text).toContain("\\u202e");
    const life = (await answered("walk", { at: write, asked: { ...asked, access: "read" } })).life;
    expect(life.find(({ from }) => from === 5481)).toMatchObject({
      writer: 1072,
      entryWriter: 5479,
    });
    expect(life[0]?.text).toContain("where the host has no memory");
  });
});
