import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MalformedError } from "../events/malformed-error.ts";
import { formatHandle, historyOf } from "./past.ts";
import { anyJunk, device, dma, errorOf, setup } from "./test/junk.ts";

const read = { type: "RegisterRead", offset: 0, size: 8 } as const;
const history = historyOf(setup, [dma, read, dma]);
const remove = { kind: "remove", at: 1 };

/** What is no list of edits, the field that is named, and why. */
const wrongEdits: readonly (readonly [unknown, string, RegExp])[] = [
  [{}, "edits", /expected a list, found an object/],
  [new Array(2), "edits[0]", /expected an object, found nothing/],
  [[remove, null], "edits[1]", /expected an object, found null/],
  [[remove, { kind: "turn", at: 2 }], "edits[1].kind", /there is no edit "turn"/],
  [[{ kind: "constructor" }], "edits[0].kind", /there is no edit "constructor"/],
  [[{ kind: "remove" }], "edits[0].at", /found nothing/],
  [[{ kind: "change", at: 1 }], "edits[0].input", /expected an object, found nothing/],
  [[{ kind: "change", input: dma }], "edits[0].at", /found nothing/],
  [[{ kind: "insert", input: dma }], "edits[0].before", /found nothing/],
  [[{ kind: "insert", before: 1 }], "edits[0].input", /expected an object, found nothing/],
  [[{ kind: "move", at: 1 }], "edits[0].before", /found nothing/],
  [[{ kind: "move", before: 1 }], "edits[0].at", /found nothing/],
  ...[undefined, null, 1n, "1", true, 1.5, -1, Number.NaN].map(
    (at) => [[{ kind: "remove", at }], "edits[0].at", /expected integer 0 to/] as const,
  ),
  [[{ ...remove, before: 1 }], "edits[0].before", /unknown field/],
  [[{ ...remove, input: dma }], "edits[0].input", /unknown field/],
  [[{ kind: "change", at: 1, input: { ...dma, iova: 1 } }], "edits[0].input.iova", /IOVA/],
  [[{ kind: "change", at: 1, input: dma, befor: 1 }], "edits[0].befor", /unknown field/],
];

const page = { kind: "page", guest: 0, device, pasid: undefined, iova: 0x1000n };
const entry = { kind: "entry", guest: 0, gpa: 0x1000n };
const noGuest = /^query: \S+: there is no guest 7; guests: 1$/;

/** What is no question, the field that is named, and why. */
const wrongQueries: readonly (readonly [unknown, string, RegExp])[] = [
  [{ ask: "toString" }, "ask", /there is no query "toString"/],
  [{ ask: "state", at: 1, gest: 2 }, "gest", /unknown field/],
  [{ ask: "findings", at: 1 }, "at", /unknown field/],
  [{ ask: "whatIf", edits: [remove, {}] }, "edits[1].kind", /there is no edit nothing/],
  [{ ask: "whatIf", edits: [], at: 1 }, "at", /unknown field/],
  [{ ask: "event", event: { kind: "event", seq: "1" } }, "event.seq", /integer/],
  [{ ask: "event", event: page }, "event.kind", /expected event, found "page"/],
  ...["why", "lifeline", "translate"].flatMap((ask) => {
    const asked = ask === "translate" ? { ask, at: 3 } : { ask };
    const about = (part: object) => ({ ...asked, page: { ...page, ...part } });
    return [
      [about({ iova: 0x1000 }), "page.iova", /as a bigint, found 4096/],
      [about({ iova: 0x1008n }), "page.iova", /page-aligned/],
      [about({ device: "00:04.0" }), "page.device", /integer 0 to 65535/],
      [about({ device: "__proto__" }), "page.device", /integer 0 to 65535/],
      [about({ device: 0x1_0000 }), "page.device", /integer 0 to 65535/],
      [about({ guest: "0" }), "page.guest", /integer/],
      [about({ guest: 7 }), "page.guest", noGuest],
      [about({ pasid: "1" }), "page.pasid", /integer/],
      [about({ space: 1 }), "page.space", /unknown field/],
    ] as const;
  }),
  ...["writer", "reader"].flatMap((ask) => {
    const about = (part: object) => ({ ask, at: 3, entry: { ...entry, ...part } });
    return [
      [about({ gpa: 0x1000 }), "entry.gpa", /as a bigint, found 4096/],
      [about({ guest: 7 }), "entry.guest", noGuest],
    ] as const;
  }),
  [{ ask: "queue", guest: 7, at: 0 }, "guest", noGuest],
];

describe("what is asked of a past", () => {
  it.each(wrongEdits)("[LB3] %o is no list of edits", (edits, field, why) => {
    const [told, asked] = [
      errorOf(() => history.whatIf(edits as never)),
      errorOf(() => history.ask({ ask: "whatIf", edits: edits as never })),
    ];
    expect([told?.subject, told?.field, asked?.subject, asked?.field]).toEqual([
      "whatIf",
      field,
      "query",
      field,
    ]);
    expect(told?.message).toMatch(why);
  });

  it("[LB3] each edit does what it says, with no more than it needs", () => {
    const next = history.ask({ ask: "forward", at: 1, where: 'input == "RegisterRead"' })?.seq ?? 0;
    const lengths = (edits: unknown) => history.whatIf(edits as never).report.inputs;
    expect(lengths([remove])).toMatchObject({ left: 3, right: 2 });
    expect(lengths([{ kind: "insert", before: 1, input: read }])).toMatchObject({ right: 4 });
    expect(lengths([{ kind: "change", at: 1, input: read }])).toMatchObject({ right: 3 });
    expect(lengths([{ kind: "move", at: 1, before: next }])).toMatchObject({ right: 3 });
  });

  it.each(wrongQueries)("[LB3] %o is no question", (query, field, why) => {
    const error = errorOf(() => history.ask(query as never));
    expect([error?.subject, error?.field]).toEqual(["query", field]);
    expect(error?.message).toMatch(why);
  });

  it("[LB3] a handle that is none has no text", () => {
    const wrong = [{ kind: "paeg" }, { ...page, device: "00:04.0" }, { ...entry, gpa: 1 }, [page]];
    for (const handle of wrong) {
      expect(() => formatHandle(handle as never)).toThrow(MalformedError);
    }
    expect(formatHandle({ kind: "finding", law: "SH1", seq: 3 })).toBe("finding:SH1/3");
    expect(formatHandle(page as never)).toBe("page:0/00:04.0/0x1000");
  });

  it("[LB3] whatever stands for an edit, a handle or a question is the one error", () => {
    const property = fc.property(anyJunk, (junk) => {
      const any = junk as never;
      errorOf(() => history.whatIf(any));
      expect(errorOf(() => history.whatIf([any]))).toBeDefined();
      expect(errorOf(() => history.ask(any))).toBeDefined();
      expect(errorOf(() => history.ask({ ask: "lifeline", page: any }))).toBeDefined();
      expect(errorOf(() => formatHandle(any))).toBeDefined();
    });
    fc.assert(property, { numRuns: 200 });
  });
});
