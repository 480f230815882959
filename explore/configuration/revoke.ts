import { memory } from "../../properties/examples/driver.ts";
import type { Configuration } from "../engine/configuration.ts";
import type { DevicePowers } from "./revoke-device.ts";
import { deviceMoves, unit } from "./revoke-device.ts";
import { domain, driver, host } from "./revoke-driver.ts";
import type { RevokeGhost } from "./revoke-ghost.ts";
import { judgeRevoke, revokeStart, tellRevoke } from "./revoke-ghost.ts";
import {
  contextOf,
  contextTo,
  dataPages,
  devices,
  frameOf,
  iovaPages,
  smallGuest,
  tableRoles,
  turnOn,
  upperTables,
} from "./small-guest.ts";

/** Revoke, drain, reuse, with devices that may do more or less. */
const revokeWith = (
  name: string,
  question: string,
  powers: DevicePowers,
): Configuration<RevokeGhost> => ({
  name,
  question,
  setup: { guests: [smallGuest(), smallGuest({ p2m: [], devices: [] })] },
  boot: [
    ...upperTables(domain),
    ...devices.map((device) => memory(contextOf(device), ...contextTo(domain, true))),
    ...turnOn,
  ],
  layout: { pages: tableRoles([domain]), rolling: true },
  alike: [
    { source: devices },
    { iova: iovaPages },
    { gfn: [dataPages], hfn: [dataPages.map(frameOf)] },
  ],
  ghost: revokeStart,
  moves: [
    ...driver,
    ...host,
    ...devices.flatMap((device, number) => deviceMoves(device, number, powers)),
    ...unit,
  ],
  laws: ["IS1", "SH3", "QU1", "QU2", "IV4", "FA2"],
  sometimes: [
    ...["landed", "landed while cleared", "landed while announced", "landed while forgotten"],
    ...["landed while waited", "confirmed", "wait aborted"],
  ],
  judge: judgeRevoke,
  tell: tellRevoke,
});

/** Two devices, two pages, two IOVAs; a device has one request on its way at most. */
export const revoke = revokeWith(
  "revoke",
  "Can a device reach a page after the driver took it back and was told that nobody uses it, " +
    "or after the host gave it to another guest?",
  { flights: 1, fails: false },
);

/** The same with more. */
export const revokeLarge = revokeWith(
  "revoke-large",
  "The question of revoke, with two requests of each device on their way and devices that fail " +
    "to answer invalidations.",
  { flights: 2, fails: true },
);
