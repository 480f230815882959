import { formatSourceId, hex } from "../events/address.ts";
import type { DeviceTlb } from "../projections/device/device-tlb.ts";
import { baseOf, tlbsWhere } from "../projections/device/device-tlb.ts";
import type { Guest } from "../projections/guest.ts";
import { frameOf, outcomesOf, sizeName, sizeOf } from "../tables/mapping.ts";
import type { Row, Rows } from "./summary-rows.ts";
import { last, visitRuns } from "./summary-rows.ts";

const nameOf = ({ device, pasid }: Pick<DeviceTlb, "device" | "pasid">): string =>
  pasid === undefined ? formatSourceId(device) : `${formatSourceId(device)} PASID ${hex(pasid)}`;

const pasidOf = ({ pasid }: Pick<DeviceTlb, "pasid">): Row =>
  pasid === undefined ? {} : { pasid: hex(pasid) };

/** The classes of requests in the order of a TLB's trees. */
const kinds = ["", "supervisor", "execute", "supervisor execute"];

/** What devices hold: guest pages of emulated ones, host pages of others. */
export function deviceTlbRows(guest: Guest): Rows {
  const rows: Record<string, Row> = {};
  for (const tlb of tlbsWhere(guest.deviceTlbs)) {
    for (const [index, tree] of tlb.pages.entries()) {
      const kind = kinds[index % kinds.length] ?? "";
      visitRuns(tree, 0, last(tree), (page, pages, value) => {
        const first = hex(BigInt(page + baseOf(index)) << 12n);
        const key = [nameOf(tlb), first, kind].filter((part) => part !== "").join(" ");
        const frame = hex(BigInt(frameOf(value)) << 12n);
        const reached = tlb.virtual ? { gpa: frame } : { hpa: frame };
        const size = sizeName(sizeOf(value));
        rows[key] = { ...pasidOf(tlb), pages, ...reached, size, ...outcomesOf(value) };
      });
    }
  }
  return rows;
}

/** The groups of page requests that are not answered. */
export const pageGroupRows = ({ pageRequests }: Guest): Rows =>
  Object.fromEntries(
    Object.values(pageRequests.groups).map((one) => [
      `${nameOf(one)} group ${one.group.toString()}`,
      { ...pasidOf(one), state: one.state },
    ]),
  );
