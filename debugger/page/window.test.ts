import { expect, it } from "vitest";
import { formatLink, parseLink } from "./moment-link.ts";
import { showing, within, zoomed } from "./window.ts";

it("[DB18] zooming keeps its place, and nothing leads out of the run", () => {
  const events = 10_000;
  const window = zoomed({ from: 0, to: events }, 2500, 0.1, events);
  expect(window).toEqual({ from: 2250, to: 3250 });
  expect(zoomed(window, 2500, 1e9, events)).toEqual({ from: 0, to: events });
  expect(zoomed(window, 2500, 1e-9, events).to - zoomed(window, 2500, 1e-9, events).from).toBe(12);
  expect(within({ from: -50, to: 50 }, events)).toEqual({ from: 0, to: 100 });
  expect(within({ from: 9990, to: 10_090 }, events)).toEqual({ from: 9900, to: events });
  expect(showing(window, 2700, events)).toBe(window);
  expect(showing(window, 9000, events)).toEqual({ from: 8500, to: 9500 });
});

it("[DB19] the address of a moment leads to it, and another text to nothing", () => {
  const asked = {
    ...{ guest: 1, device: "00:04.0", iova: "0x1806000", pasid: "0x5" },
    access: "write",
  } as const;
  const edits = [
    { kind: "remove", at: 3 },
    { kind: "unsent", fact: 5634 },
    { kind: "insert", before: 5, line: '{"note":"a & b#%"}' },
    { kind: "change", at: 7, line: "{}" },
    { kind: "invalidated", after: 9, asked },
  ] as const;
  const link = { at: 5643, tab: "walk", asked, story: 5642, edits } as const;
  expect(parseLink(formatLink(link))).toEqual({ link, problem: undefined });
  for (const bad of ["#event=1e9", "#event=-4", "#abc", "#event="]) {
    expect(parseLink(bad)).toEqual({ link: undefined, problem: "The address names no event." });
  }
  expect(parseLink("")).toEqual({ link: undefined, problem: undefined });
  const none = { asked: undefined, story: undefined, edits: undefined };
  const odd = parseLink("#event=7&show=<b>&page=0/<script>/0x0//read&story=x&whatif=move,2");
  expect(odd.link).toEqual({ at: 7, tab: undefined, ...none });
  expect(odd.problem).toContain("show, page, story, whatif");
  // A story that is told where one is needs no word, and a long branch has no room.
  expect(formatLink({ at: 7, story: 7 })).toBe("#event=7");
  const long = [{ kind: "change", at: 7, line: "x".repeat(2000) }] as const;
  expect(formatLink({ at: 7, edits: long })).toBe("#event=7");
  const isRefused = (text: string) =>
    parseLink(`#event=7&whatif=${text}`).link?.edits === undefined;
  expect(
    ["", "remove", "move,1", "remove,-1", "insert,1", "change,1,%25", "invalidated,1,x"].every(
      isRefused,
    ),
  ).toBe(true);
});
