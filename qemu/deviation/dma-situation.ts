import type { Access, InputOf } from "../../events/input.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Deviation, Passing, Situation } from "../../target/deviation.ts";

/** A DMA that went otherwise in the target. */
export interface DmaSituation extends Situation {
  readonly input: InputOf<"Dma">;
  /** The source-id that the request carried. */
  readonly source: number;
  readonly access: Access;
  readonly allowed: readonly string[];
}

/** The source-id that a device's requests carry. */
export const requesterIn = (guest: Guest, device: number): number =>
  deviceAt(guest, device)?.requester ?? device;

/** A deviation in what becomes of DMA. */
export const dmaDeviation = (
  id: string,
  explains: (situation: DmaSituation) => Passing | undefined,
): Deviation => ({
  id,
  explains: (situation) => {
    const { what, input, before, allowed = [] } = situation;
    if (what !== "dma" || input.type !== "Dma") return undefined;
    const source = requesterIn(before, input.device);
    return explains({ ...situation, input, source, access: input.access ?? "read", allowed });
  },
});
