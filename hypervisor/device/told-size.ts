import { interruptPages } from "../../events/address.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { pagesOfSize } from "../../tables/mapping.ts";

/**
 * Size of the page around a page that somebody may keep who is told it: without a PASID it ends
 * where the interrupt range begins; of memory that is not translated it is 4 KiB while a part of
 * memory is protected.
 *
 * @param page  IOVA divided by 4096.
 * @param size  of the mapping: 0 for 4 KiB, and so on.
 */
export function toldSize(
  guest: Guest,
  entry: HostEntry,
  page: number,
  pasid: number | undefined,
  size: number,
): number {
  const isPart = entry.state === "passThrough" && guest.charts.protection === "enabled";
  let told = isPart ? 0 : size;
  for (; told > 0 && pasid === undefined; told--) {
    const pages = pagesOfSize[told] as number;
    const first = page - (page % pages);
    if (first >= interruptPages.end || first + pages <= interruptPages.first) break;
  }
  return told;
}
