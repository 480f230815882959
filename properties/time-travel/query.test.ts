import { describe, expect, it } from "vitest";
import { gpa, iova, sourceId } from "../../events/address.ts";
import { changesBetween } from "../../history/changes.ts";
import {
  BookmarkError,
  bookmarkLines,
  bookmarksIn,
  readBookmark,
  withBookmark,
} from "../../history/query/bookmark.ts";
import type { Handle } from "../../history/query/handle.ts";
import { formatHandle, parseHandle } from "../../history/query/handle.ts";
import type { Query } from "../../history/query/query.ts";
import { answer } from "../../history/query/query.ts";
import { why } from "../../history/why.ts";
import { someRuns, travelled } from "./travelled.ts";

const [run] = someRuns(78, 1) as [ReturnType<typeof someRuns>[number]];
const { timeline } = travelled(run);

const [device, page] = [sourceId(0x20), iova(0x1806000n)];
const handles: readonly (readonly [text: string, handle: Handle])[] = [
  ["event:12", { kind: "event", seq: 12 }],
  ["device:1/00:04.0", { kind: "device", guest: 1, device }],
  ["page:0/00:04.0/0x1806000", { kind: "page", guest: 0, device, pasid: undefined, iova: page }],
  ["page:0/00:04.0/5/0x1806000", { kind: "page", guest: 0, device, pasid: 5, iova: page }],
  ["entry:0/0x1008", { kind: "entry", guest: 0, gpa: gpa(0x1008n) }],
  ["finding:SH1/77", { kind: "finding", law: "SH1", seq: 77 }],
];

describe("the one way to ask", () => {
  it("[TT23] a handle is the same as text and as data, and what is none is told", () => {
    for (const [text, handle] of handles) {
      expect(formatHandle(handle)).toBe(text);
      expect(parseHandle(text)).toEqual(handle);
    }
    const none = [
      "",
      "event:",
      "event:x",
      "event:1/2",
      "page:0/00:04.0/0x1806001",
      "page:0/0x1000",
    ];
    const wrong = [
      "page:0/00:04.0/x/0x1000",
      "device:0/9",
      "entry:0/12",
      "entry:x/0x10",
      "law:1/2",
    ];
    for (const text of [...none, ...wrong])
      expect([text, parseHandle(text)]).toEqual([text, undefined]);
  });

  it("[TT23] every answer is data that another thread can be sent, and names what it found", () => {
    const last = timeline.end.seq;
    const about = handles[2]?.[1] as Extract<Handle, { kind: "page" }>;
    const entry = handles[4]?.[1] as Extract<Handle, { kind: "entry" }>;
    const where = 'fact == "DescriptorFetched"';
    const queries: readonly Query[] = [
      { ask: "event", event: { kind: "event", seq: 5 } },
      { ask: "state", at: 9 },
      { ask: "difference", from: 3, to: last },
      { ask: "forward", at: 0, where },
      { ask: "back", at: last, where },
      { ask: "search", where, most: 2 },
      { ask: "lifeline", page: about },
      { ask: "why", page: about },
      { ask: "writer", entry, at: last },
      { ask: "reader", entry, at: 0 },
      { ask: "translate", page: about, at: last },
      { ask: "queue", guest: 0, at: last },
      { ask: "whatIf", edits: [{ kind: "remove", at: 1 }] },
      { ask: "findings" },
    ];
    for (const query of queries) {
      const told = answer(timeline, query);
      expect(structuredClone(told)).toEqual(told);
    }
    const events = run.steps.flatMap(({ seq, input, facts }) =>
      [input, ...facts].map((event, index) => ({ seq: seq + index, event })),
    );
    const fetched = events.flatMap(({ seq, event }) =>
      event.type === "DescriptorFetched" ? [{ kind: "event", seq }] : [],
    );
    expect(answer(timeline, { ask: "forward", at: 0, where })).toEqual(fetched[0]);
    expect(answer(timeline, { ask: "back", at: last, where })).toEqual(fetched.at(-1));
    const search = answer(timeline, { ask: "search", where, most: 2 });
    expect(search).toEqual({ found: fetched.slice(0, 2), isWhole: fetched.length <= 2 });
    const all = answer(timeline, { ask: "search", where, most: 9999 });
    expect(all).toEqual({ found: fetched, isWhole: true });
    const [early] = run.steps;
    expect(answer(timeline, { ask: "difference", from: 0, to: last })).toEqual(
      changesBetween(early?.before ?? run.start, timeline.end),
    );
    expect(answer(timeline, { ask: "why", page: about })).toEqual(
      why(run.start, run.inputs, { guest: 0, device, iova: page }),
    );
    expect(answer(timeline, { ask: "state", at: last + 1 })).toBeUndefined();
  });

  it("[TT24] bookmarks are kept in order, by name, and as lines", () => {
    const mark = (name: string, at: number) => ({ name, at, about: handles[0]?.[1], note: "look" });
    const two = withBookmark(withBookmark([], mark("b", 90)), mark("a", 7));
    expect(two.map(({ name }) => name)).toEqual(["a", "b"]);
    const moved = withBookmark(two, { ...mark("a", 99), about: undefined });
    expect(moved.map(({ name, at }) => [name, at])).toEqual([
      ["b", 90],
      ["a", 99],
    ]);
    expect(bookmarkLines(moved).map(readBookmark)).toEqual(moved);
    expect(bookmarksIn(timeline, [mark("c", timeline.end.seq + 1), ...two])).toEqual(two);
    for (const line of [
      "",
      "[]",
      '{"bookmark":"a","at":-1,"note":""}',
      '{"bookmark":"a","at":1}',
    ]) {
      expect(() => readBookmark(line)).toThrow(BookmarkError);
    }
    const about = '{"bookmark":"a","at":1,"note":"","about":"nowhere"}';
    expect(() => readBookmark(about)).toThrow("expected a handle");
  });
});
