import { interruptEntryAddress } from "../../projections/interrupt-entry.ts";
import { find } from "../../properties/laws/requests.ts";
import { blindness, either } from "./blindness.ts";
import type { Deviation } from "./deviation.ts";
import { isDeviceMemory } from "./edit.ts";

/** An interrupt table that cannot be read is 23h, and in the zeros that QEMU reads P is 0: 22h. */
const entryAtDevice: Deviation = {
  id: "table-in-device-memory",
  explains: ({ what, register, before, facts }) => {
    const blocked = find(facts, "InterruptBlocked");
    if (what !== "register" || blocked?.reason !== 0x23 || blocked.index === undefined) {
      return undefined;
    }
    const reason = Number(((register?.target ?? 0n) >> 96n) & 0xffn);
    const address = interruptEntryAddress(before.interruptTable, blocked.index);
    return reason === 0x22 && isDeviceMemory(address) ? "end" : undefined;
  },
};

/** Tables that lie where a device is, and not memory. */
export const tableInDeviceMemory = either(
  blindness("table-in-device-memory", ["device"], ["device", "reserved"]),
  entryAtDevice,
);
