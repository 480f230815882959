import { expect, it } from "vitest";
import { iovaOfPage } from "../../events/address.ts";
import { momentOfDma } from "../../history/query/moment-of-dma.ts";
import { explainIn, whyIn } from "../../history/query/why-in.ts";
import { pagesAsked, someRuns, travelled } from "./travelled.ts";

it("[DB12] the moment of one DMA is that which why finds, with what was not seen then", () => {
  let [told, unseen] = [0, 0];
  for (const run of someRuns(81, 6)) {
    const { timeline } = travelled(run);
    for (const { guest, device, page, pasid } of pagesAsked(run).slice(0, 4)) {
      const place = { guest, device, iova: iovaOfPage(page) };
      const whole = whyIn(timeline, { ...place, ...(pasid === undefined ? {} : { pasid }) });
      if (whole?.kind !== "dma" || whole.use === undefined) continue;
      const moment = momentOfDma(timeline, whole.use.seq);
      expect(moment && explainIn(timeline, moment)).toEqual(whole);
      told += 1;
      if (whole.unseen.some(Boolean)) unseen += 1;
    }
  }
  expect(told).toBeGreaterThan(8);
  expect(unseen).toBeGreaterThan(0);
});
