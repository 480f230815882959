import type { Field } from "../../events/field.ts";
import { device, flag, integer, list, oneOf, optional } from "../../events/field.ts";
import { pasid } from "../../events/input.ts";
import type { Owners } from "../../tables/p2m.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import type { Radix } from "../../tables/radix.ts";
import { radixMap } from "../../tables/radix.ts";
import type { DeviceTlb, DeviceTlbs } from "../device/device-tlb.ts";
import { treeCount } from "../device/device-tlb.ts";
import type { Guest } from "../guest.ts";
import type { PageGroup, PageRequests } from "../page-request/page-requests.ts";
import { keyed, numberLists, radixField, whole } from "./save-field.ts";
import type { FrameRun } from "./save-frames.ts";
import { cacheOf, runsInGuest } from "./save-frames.ts";
import { refuse } from "./save-text.ts";

/**
 * What is kept of a device's TLB: of host pages the guest pages, in `held`; of an emulated device's
 * the entries, in `told`. One of the two is empty.
 */
export type SavedTlb = Omit<DeviceTlb, "pages"> & {
  readonly held: readonly (readonly FrameRun[])[];
  readonly told: readonly PageTree[];
};

export type SavedTlbs = Radix<SavedTlb>;

const levels = 5;

/** How the TLBs of devices are written. */
export const tlbsField = (guestTree: Field<PageTree>): Field<SavedTlbs> =>
  radixField(
    whole<SavedTlb>({
      device,
      pasid: optional(pasid),
      virtual: flag,
      held: list(numberLists) as unknown as Field<SavedTlb["held"]>,
      told: list(guestTree),
    }),
  );

const group = whole<PageGroup>({
  device,
  group: integer(0, 511),
  pasid: optional(pasid),
  state: oneOf("collecting", "awaiting"),
});

export const pageRequestsField = whole<PageRequests>({
  state: oneOf("quiet", "pending", "overflowed", "overflowedPending"),
  groups: keyed(group),
});

/** What a record keeps of the devices' TLBs. */
export const savedTlbs = (tlbs: DeviceTlbs, owners: Owners, guest: number): SavedTlbs =>
  radixMap(tlbs, ({ pages, ...kept }) =>
    kept.virtual
      ? { ...kept, held: [], told: pages }
      : { ...kept, held: pages.map((tree) => runsInGuest(tree, owners, guest)), told: [] },
  );

/** The devices' TLBs as a record has them, behind the P2M as it is here. */
export const tlbsOf = (guest: Guest, saved: SavedTlbs): DeviceTlbs =>
  radixMap(saved, ({ held, told, ...kept }) => {
    const fits = told.every((tree) => tree.levels === levels);
    if ((kept.virtual ? told : held).length !== treeCount || !fits) {
      refuse("a device TLB has trees of the wrong size");
    }
    if (kept.virtual) return { ...kept, pages: told };
    return { ...kept, pages: held.map((runs) => cacheOf(runs, levels, guest.p2m)) };
  });
