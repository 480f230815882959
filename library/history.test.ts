import { describe, expect, it } from "vitest";
import { MalformedError } from "../events/malformed-error.ts";
import { booted, leafEntry, memory, page, queueOn, reads } from "../properties/examples/driver.ts";
import { flat } from "../properties/examples/given.ts";
import { nvme, unit } from "../properties/examples/unit.ts";
import type { Handle, Query } from "./history.ts";
import {
  compareHistories,
  EditError,
  ExpressionError,
  formatHandle,
  historyOf,
  parseHandle,
} from "./history.ts";

const inputs = flat([booted, queueOn, reads(page), memory(leafEntry, 0n), reads(page)]);
const history = historyOf(unit(), inputs);
const about = parseHandle("page:0/00:04.0/0x1806000") as Extract<Handle, { kind: "page" }>;

describe("a past", () => {
  it("[LB20] is asked anything, as data, and goes on", () => {
    const growing = historyOf(unit());
    expect(growing.last).toBe(0);
    for (const input of inputs) growing.add(input);
    expect(growing.last).toBe(history.last);
    const where = 'input == "Dma"';
    const found = growing.ask({ ask: "back", at: growing.last, where });
    expect(growing.ask({ ask: "event", event: found ?? { kind: "event", seq: 0 } })).toMatchObject({
      event: { type: "Dma", device: nvme },
    });
    expect(growing.ask({ ask: "lifeline", page: about })).toEqual(
      history.ask({ ask: "lifeline", page: about }),
    );
    expect(growing.ask({ ask: "queue", guest: 0, at: growing.last })?.state).toBe("idle");
    expect(growing.ask({ ask: "why", page: about })?.kind).toBe("dma");
    expect(compareHistories(growing, history).differing).toBe(0);
    expect(formatHandle(about)).toBe("page:0/00:04.0/0x1806000");
  });

  it("[LB20] tells what would have been, and stays as it was", () => {
    const last = history.last;
    const write = history.ask({ ask: "back", at: last, where: 'input == "MemoryWrite"' });
    const { report, history: other } = history.whatIf([{ kind: "remove", at: write?.seq ?? 0 }]);
    expect(report.differing).toBe(1);
    expect(other.last).toBe(last - 1);
    expect(history.last).toBe(last);
    expect(compareHistories(history, other).first).toEqual(report.first);
  });

  it("[LB3] what is no question, no edit and no past is the one error, or says why", () => {
    const wrong: readonly unknown[] = [
      ...[undefined, null, 5, "state", {}, { ask: "stat" }, { ask: "state" }],
      ...[
        { ask: "state", at: -1 },
        { ask: "state", at: "5" },
        { ask: "search", where: 5, most: 1 },
      ],
      ...[
        { ask: "why", page: {} },
        { ask: "why", page: { kind: "event", seq: 1 } },
      ],
      ...[
        { ask: "lifeline", page: null },
        { ask: "writer", entry: about, at: 1 },
      ],
      ...[
        { ask: "whatIf", edits: {} },
        { ask: "whatIf", edits: [{}] },
      ],
    ];
    for (const query of wrong) {
      expect(() => history.ask(query as Query)).toThrow(MalformedError);
    }
    expect(() => history.ask({ ask: "search", where: "seq <", most: 1 })).toThrow(ExpressionError);
    expect(() => history.whatIf([{ kind: "remove", at: 99_999 }])).toThrow(EditError);
    for (const edits of [undefined, {}, [null], [{ kind: "turn" }]]) {
      expect(() => history.whatIf(edits as never)).toThrow(MalformedError);
    }
    expect(() => history.add({ type: "Dmaa" } as never)).toThrow(MalformedError);
    expect(() => historyOf(unit(), [{}] as never)).toThrow(/^inputs\[0\]/);
    expect(() => compareHistories(history, {} as never)).toThrow(MalformedError);
    expect(() => parseHandle(5 as never)).toThrow(MalformedError);
    expect(() => formatHandle(null as never)).toThrow(MalformedError);
  });
});
