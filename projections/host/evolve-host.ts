import type { Evolvers } from "../evolver.ts";
import { hostsAfter } from "./host-entry.ts";

/** What facts about the host's own entries do. */
export const hostEvolvers: Evolvers = {
  HostEntryChanged: (guest, fact) => ({ ...guest, hosts: hostsAfter(guest.hosts, fact) }),
  HostEntryDropped: (guest, fact) => ({ ...guest, hosts: hostsAfter(guest.hosts, fact) }),
};
