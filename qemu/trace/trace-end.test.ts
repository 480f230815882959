import { describe, expect, test } from "vitest";
import { checkTrace } from "../../audit/trace/check.ts";
import type { Deed } from "./made-up.ts";
import { ask, linuxLines } from "./made-up.ts";
import { traceOf } from "./trace.ts";

describe("where a trace ends", () => {
  const strict = Array.from({ length: 30 }, (_, at): Deed[] => [
    { do: "unmap", page: 100 + at, pages: 1 },
    { do: "invalidate", words: ask.pages(4, 100 + at) },
  ]).flat();
  const report = (...last: readonly Deed[]) => {
    const { findings, undecided, verdicts } = checkTrace(
      traceOf("linux", linuxLines([...strict, ...last])),
    );
    return [findings.map(({ kind }) => kind), undecided, verdicts.undecided];
  };
  const unmap: Deed = { do: "unmap", page: 0x17f, pages: 2 };
  const narrow: Deed = { do: "invalidate", words: ask.pages(1, 0x17f, 1) };
  const [next, flush] = strict;
  const reason = "unmapping at the end of the trace";

  test("[TC24] what its task did not announce before it went on is found", () => {
    const more = next === undefined || flush === undefined ? [] : [next, flush];
    expect(report(unmap, narrow, ...more)).toEqual([["narrowInvalidation"], {}, 0]);
    expect(report(unmap, ...more)).toEqual([["missingInvalidation"], {}, 0]);
    expect(report(unmap, { do: "attach", source: 8 })).toEqual([["missingInvalidation"], {}, 0]);
  });

  test("[TC24] what may still have come is undecided, by number", () => {
    expect(report(unmap, narrow)).toEqual([[], { [reason]: 1 }, 1]);
    expect(report(unmap)).toEqual([[], { [reason]: 1 }, 1]);
    const beside: Deed = { do: "unmap", page: 9, pages: 1, by: "kworker" };
    expect(report(unmap, beside)).toEqual([[], { [reason]: 2 }, 2]);
  });

  test("[TC24] a task that never comes back is found once the trace has gone on for long", () => {
    const others = Array.from({ length: 60 }, (_, at): Deed[] => [
      { do: "unmap", page: 300 + at, pages: 1, by: "kworker" },
      { do: "invalidate", words: ask.pages(4, 300 + at), by: "kworker" },
    ]).flat();
    expect(report(unmap, ...others)).toEqual([["missingInvalidation"], {}, 0]);
  });

  test("[TC24] a wide one follows a context-cache invalidation before its task goes on", () => {
    const context: Deed = { do: "invalidate", words: ask.context(8) };
    const open = "context-cache invalidation at the end of the trace";
    expect(report(context)).toEqual([[], { [open]: 1 }, 1]);
    const went = report(context, { do: "attach", source: 8 });
    expect(went).toEqual([["contextNotInvalidated"], {}, 0]);
  });
});
