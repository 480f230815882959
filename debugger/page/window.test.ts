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
  const link = { at: 5643, tab: "walk", asked } as const;
  expect(parseLink(formatLink(link))).toEqual(link);
  expect(parseLink("#event=1e9")).toBeUndefined();
  expect(parseLink("#event=-4")).toBeUndefined();
  expect(parseLink("")).toBeUndefined();
  const odd = parseLink("#event=7&show=<b>&page=0/<script>/0x0//read");
  expect(odd).toEqual({ at: 7, tab: undefined, asked: undefined });
});
