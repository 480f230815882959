import type { FactOf } from "../../events/fact.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import { hostsAfter } from "./host-entry.ts";

type HostFact = FactOf<"HostEntryChanged"> | FactOf<"HostEntryDropped">;

function moveHost(guest: Draft<Guest>, fact: HostFact): void {
  guest.hosts = hostsAfter(guest.hosts, fact);
}

/** What facts about the host's own entries do. */
export const hostEvolvers: Evolvers = {
  HostEntryChanged: moveHost,
  HostEntryDropped: moveHost,
};
