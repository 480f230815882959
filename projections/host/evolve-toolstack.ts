import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { sizeCode } from "../../tables/mapping.ts";
import { mapPages, p2mMapping, protectPages, unmapPages } from "../../tables/p2m.ts";
import { withoutDeviceSide } from "../device/evolve-device.ts";
import type { Guest } from "../guest.ts";
import { contentsLost } from "../memory/evolve-memory.ts";
import { p2mChanged } from "../memory/table-change.ts";
import { hostsWhere, withoutHost } from "./host-entry.ts";

export function p2mMapped(guest: Guest, fact: FactOf<"P2mMapped">, seq: number): Guest {
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

export function p2mUnmapped(guest: Guest, fact: FactOf<"P2mUnmapped">, seq: number): Guest {
  const first = pageOf(fact.gpa);
  const end = first + pageOf(fact.length);
  const next = { ...guest, p2m: unmapPages(guest.p2m, first, end) };
  return contentsLost(p2mChanged(next, guest, first, end, seq), first, end);
}

export function p2mProtected(guest: Guest, fact: FactOf<"P2mProtected">, seq: number): Guest {
  const first = pageOf(fact.gpa);
  const end = first + pageOf(fact.length);
  const p2m = protectPages(guest.p2m, first, end, fact.read, fact.write);
  return p2mChanged({ ...guest, p2m }, guest, first, end, seq);
}

export function deviceRemoved(guest: Guest, fact: FactOf<"DeviceRemoved">): Guest {
  const { [fact.device]: device, ...devices } = guest.devices;
  const unanswered = guest.queue.unanswered.filter((asked) => asked.device !== fact.device);
  const without = { ...guest, devices, queue: { ...guest.queue, unanswered } };
  if (device === undefined) return without;
  const next = withoutDeviceSide(without, device);
  const shared = Object.values(devices).some((other) => other.requester === device.requester);
  if (shared) return next;
  const gone = hostsWhere(guest.hosts, ({ source }) => source === device.requester);
  return { ...next, hosts: gone.reduce(withoutHost, guest.hosts) };
}
