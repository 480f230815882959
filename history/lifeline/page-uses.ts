import type { Chunk } from "../columns/chunk.ts";
import { chunkEvents, hasEvent, mayHavePage, presence } from "../columns/chunk.ts";
import type { Columns } from "../columns/columns.ts";
import { eventNumber, eventNumbers } from "../columns/event-column.ts";
import type { UsedPage } from "../use.ts";

const requests = eventNumbers(["Dma", "DmaIssue"]);
const [dma, issued] = [eventNumber("Dma"), eventNumber("DmaIssue")];
/** Pages of 4 GiB: an address's lower half tells as many apart. */
const pagesOfHalf = 0x10_0000;

/**
 * Adds the numbers of a chunk's DMA to a page. A plain loop over plain arrays that looks at the
 * address first: of the events of a long run few are of one page.
 */
function addUses(chunk: Chunk, base: number, place: UsedPage, found: number[]): void {
  const { event, present, plain, count } = chunk;
  const { guest, device, pasid } = plain;
  const [low, high] = [chunk.low.iova, chunk.high.iova];
  if (low === undefined) return;
  const below = place.page % pagesOfHalf;
  const above = Math.floor(place.page / pagesOfHalf);
  for (let at = 0; at < count; at++) {
    if ((low[at] as number) >>> 12 !== below) continue;
    const number = event[at];
    if (number !== dma && number !== issued) continue;
    if ((high === undefined ? 0 : high[at]) !== above) continue;
    if ((device === undefined ? 0 : device[at]) !== place.device) continue;
    if ((guest === undefined ? 0 : guest[at]) !== place.guest) continue;
    const has = ((present[at] as number) & presence.pasid) !== 0;
    if ((has ? pasid?.[at] : undefined) === place.pasid) found.push(base + at);
  }
}

/** The numbers of all DMA to a page, in order. */
export function usesOf({ chunks }: Columns, place: UsedPage): number[] {
  const found: number[] = [];
  for (const [number, chunk] of chunks.entries()) {
    if (!hasEvent(chunk, requests) || !mayHavePage(chunk, "iova", place.page)) continue;
    addUses(chunk, number * chunkEvents + 1, place, found);
  }
  return found;
}
