import type { InputOf } from "../../events/input.ts";
import {
  isInterruptAddress,
  parseMsi,
  parseRte,
  RemappableRte,
} from "../../events/interrupt/interrupt-request.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Turn } from "../turn.ts";
import { guestIn, refuse } from "../turn.ts";
import { requestInterrupt } from "./interrupt.ts";

/** An MSI as such. It carries the source-id of the device, or of the bridge before it. */
export function msiRequest(turn: Turn, { device, address, data }: InputOf<"MsiRequest">): void {
  if (!isInterruptAddress(address)) {
    refuse(turn, "MSI: its address is not in the interrupt range");
    return;
  }
  const source = device === undefined ? undefined : deviceAt(guestIn(turn), device)?.requester;
  requestInterrupt(turn, source ?? device, parseMsi(address, data));
}

/** An IOAPIC's pin is raised: it sends what its redirection table entry says. */
export function ioapicRequest(turn: Turn, { device, rte }: InputOf<"IoapicRequest">): void {
  if ((rte & RemappableRte.mask("mask")) !== 0n) {
    refuse(turn, "IOAPIC: the entry is masked");
    return;
  }
  requestInterrupt(turn, device, parseRte(rte));
}
