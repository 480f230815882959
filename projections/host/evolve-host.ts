import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { sizeCode } from "../../tables/mapping.ts";
import { mapPages, p2mMapping, protectPages, unmapPages } from "../../tables/p2m.ts";
import type { Evolvers } from "../evolver.ts";
import type { Guest } from "../guest.ts";
import { contentsLost } from "../memory/evolve-memory.ts";
import { p2mChanged } from "../memory/table-change.ts";
import { hostsAfter } from "./host-entry.ts";

function p2mMapped(guest: Guest, fact: FactOf<"P2mMapped">, seq: number): Guest {
  const first = pageOf(fact.gpa);
  const end = first + pageOf(fact.length);
  const value = p2mMapping(pageOf(fact.hpa), fact.read, fact.write, sizeCode(fact.pageSize));
  return p2mChanged(
    { ...guest, p2m: mapPages(guest.p2m, first, end, value) },
    guest,
    first,
    end,
    seq,
  );
}

function p2mUnmapped(guest: Guest, fact: FactOf<"P2mUnmapped">, seq: number): Guest {
  const first = pageOf(fact.gpa);
  const end = first + pageOf(fact.length);
  const next = { ...guest, p2m: unmapPages(guest.p2m, first, end) };
  return contentsLost(p2mChanged(next, guest, first, end, seq), first, end);
}

function p2mProtected(guest: Guest, fact: FactOf<"P2mProtected">, seq: number): Guest {
  const first = pageOf(fact.gpa);
  const end = first + pageOf(fact.length);
  const p2m = protectPages(guest.p2m, first, end, fact.read, fact.write);
  return p2mChanged({ ...guest, p2m }, guest, first, end, seq);
}

/** What facts about the host's own entries and the P2M do. */
export const hostEvolvers: Evolvers = {
  HostEntryChanged: (guest, fact) => ({ ...guest, hosts: hostsAfter(guest.hosts, fact) }),
  HostEntryDropped: (guest, fact) => ({ ...guest, hosts: hostsAfter(guest.hosts, fact) }),
  P2mMapped: p2mMapped,
  P2mUnmapped: p2mUnmapped,
  P2mProtected: p2mProtected,
};
