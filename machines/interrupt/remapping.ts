import { functionMasks } from "../../events/address.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { RemappedEntry } from "../../events/interrupt/interrupt-entry.ts";
import { readersOf } from "../../events/layout/layout.ts";
import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell, tellOf, tellWith } from "../definition.ts";

/** Whether an interrupt table is latched, and whether requests are remapped by it. */
export type RemappingState = "noTable" | "disabled" | "enabled";

interface SetTable {
  readonly type: "SetTable";
  /** IRTA. */
  readonly value: bigint;
}

interface Use {
  readonly type: "Use";
  /** The entry as it was read, 128 bits. */
  readonly word: bigint;
  /** The bits that must be 0 in it. */
  readonly reserved: bigint;
  readonly request: Omit<FieldsOf<"InterruptBlocked">, "reason">;
}

/** What software asks of interrupt remapping through GCMD; a request has come to its entry. */
export type RemappingStimulus =
  | SetTable
  | Use
  | { readonly type: "Enable" }
  | { readonly type: "Disable" };

type Told =
  | ("InputRefused" | "InterruptTableLatched" | "InterruptBlocked")
  | ("InterruptRemappingEnabled" | "InterruptRemappingDisabled");

type Used = Given<Use>;

const latched = tell("InterruptTableLatched", ({ event }: Given<SetTable>) => ({
  value: event.value,
}));
const refused = tellOf("InputRefused", {
  why: "interrupt remapping is enabled before its table is set",
});

const blocked = (why: number) => ({
  actions: tellWith("InterruptBlocked", { reason: why }, ({ event }: Used) => event.request),
});

const present = RemappedEntry.mask("present");
const { svt: svtOf, sid: sidOf, sq: sqOf } = readersOf(RemappedEntry);

/**
 * Source validation: whether an entry lets a source-id use it.
 *
 * Reading: the first bus is in the upper byte of SID, as Linux and Xen write it; QEMU reads it from
 * the lower one. A reserved SVT lets nobody use the entry, as in QEMU. A request whose sender is
 * not known is not verified.
 */
export function mayUse(source: number | undefined, entry: bigint): boolean {
  const { none, source: exact, bus } = RemappedEntry.fields.svt.names;
  const svt = svtOf(entry);
  if (svt === none || source === undefined) return true;
  const sid = sidOf(entry);
  if (svt === exact) {
    const mask = functionMasks[sqOf(entry)] ?? 0xffff;
    return (source & mask) === (sid & mask);
  }
  return svt === bus && source >> 8 >= sid >> 8 && source >> 8 <= (sid & 0xff);
}

/**
 * Interrupt remapping enable and its table: GCMD.IRE and SIRTP; and whether a device may use the
 * interrupt entry that its request names, present, without reserved bits and for its source-id.
 *
 * Reading: reserved bits count before the source-id, as in QEMU and VirtualBox.
 */
export const remapping = compileChart<RemappingState, RemappingStimulus, Told>()({
  id: "interrupt remapping",
  initial: "noTable",
  guards: {
    isAbsent: ({ event }: Used) => (event.word & present) === 0n,
    hasReservedBits: ({ event }: Used) => (event.word & event.reserved) !== 0n,
    mayNotUse: ({ event }: Used) => !mayUse(event.request.source, event.word),
  },
  states: {
    noTable: {
      on: { SetTable: { target: "disabled", actions: latched }, Enable: { actions: refused } },
    },
    disabled: {
      on: {
        SetTable: { actions: latched },
        Enable: { target: "enabled", actions: "InterruptRemappingEnabled" },
      },
    },
    enabled: {
      on: {
        SetTable: { actions: latched },
        Disable: { target: "disabled", actions: "InterruptRemappingDisabled" },
        Use: [
          { guard: "isAbsent", ...blocked(reason.interruptNotPresent) },
          { guard: "hasReservedBits", ...blocked(reason.interruptEntryReserved) },
          { guard: "mayNotUse", ...blocked(reason.interruptSource) },
        ],
      },
    },
  },
});
