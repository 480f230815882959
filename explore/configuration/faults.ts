import { formatSourceId } from "../../events/address.ts";
import { FaultRecord } from "../../events/fault/fault-record.ts";
import { at } from "../../events/registers/offset.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import { memory, reads, write } from "../../properties/examples/driver.ts";
import { record } from "../../properties/examples/unit.ts";
import type { Digest } from "../canonical/digest.ts";
import { kinds } from "../canonical/kinds.ts";
import type { Names } from "../canonical/names.ts";
import type { Configuration, Judgement, Move } from "../engine/configuration.ts";
import {
  devices as both,
  contextOf,
  iovaOf,
  readRegister,
  smallGuest,
  tableRoles,
  turnOn,
} from "./small-guest.ts";

/** Two more devices, so that there is one device more than records. */
const devices = [...both, ...[0x30, 0x38].map((one) => one as (typeof both)[number])];
const recordCount = 3;

/** What a driver expects of the fault records, by the devices that faulted. */
interface FaultsGhost {
  /** By record: number of the device, or `undefined` when it is free. */
  readonly records: readonly (number | undefined)[];
  readonly next: number;
  readonly isOverflowed: boolean;
  /** FECTL: the event is masked, and it is pending. */
  readonly isMasked: boolean;
  readonly isPending: boolean;
  /** The last move must have sent so many events. */
  readonly sent: number;
}

type FaultsMove = Move<FaultsGhost>;

const hasCondition = ({ records, isOverflowed }: FaultsGhost): boolean =>
  isOverflowed || records.some((one) => one !== undefined);

/** An event arises where there was no condition, and is withdrawn when none is left. */
function withEvent(before: FaultsGhost, after: FaultsGhost): FaultsGhost {
  if (!hasCondition(after)) return { ...after, isPending: false, sent: 0 };
  if (hasCondition(before)) return { ...after, sent: 0 };
  return after.isMasked ? { ...after, isPending: true, sent: 0 } : { ...after, sent: 1 };
}

/** What becomes of a fault: overflowed already, of the same device, no free record, recorded. */
function faulted(ghost: FaultsGhost, device: number): FaultsGhost {
  const { records, next, isOverflowed } = ghost;
  if (isOverflowed || records.includes(device)) return { ...ghost, sent: 0 };
  if (records[next] !== undefined) return withEvent(ghost, { ...ghost, isOverflowed: true });
  const now = { ...ghost, records: records.with(next, device), next: (next + 1) % recordCount };
  return withEvent(ghost, now);
}

const recordAt = (world: World, index: number) =>
  FaultRecord.decode(
    readRegister(world, record(index), 8) | (readRegister(world, record(index) + 8, 8) << 64n),
  );

const pfo = 1n;
const ppf = 2n;
const masks = 1n << 31n;
const pends = 1n << 30n;

/** What the registers show that is not what the driver expects. */
function difference(ghost: FaultsGhost, world: World): string | undefined {
  const fsts = readRegister(world, at.fsts);
  const fectl = readRegister(world, at.fectl);
  const isAny = ghost.records.some((one) => one !== undefined);
  const wanted: readonly (readonly [string, boolean, boolean])[] = [
    ["FSTS.PFO", (fsts & pfo) !== 0n, ghost.isOverflowed],
    ["FSTS.PPF", (fsts & ppf) !== 0n, isAny],
    ["FECTL.IM", (fectl & masks) !== 0n, ghost.isMasked],
    ["FECTL.IP", (fectl & pends) !== 0n, ghost.isPending],
  ];
  const other = wanted.find(([, is, must]) => is !== must);
  if (other !== undefined) return `${other[0]} is ${other[1] ? "set" : "clear"}`;
  for (const [index, device] of ghost.records.entries()) {
    const { f, sid, fr } = recordAt(world, index);
    const must = device === undefined ? undefined : devices[device];
    const is = f ? `a fault of ${formatSourceId(sid as (typeof devices)[number])}` : "free";
    if (f !== (must !== undefined) || (f && (sid !== must || fr !== 2)))
      return `fault record ${index.toString()} is ${is}`;
  }
  return undefined;
}

function judge(
  ghost: FaultsGhost,
  steps: readonly Step[],
  world: World,
  count: (name: string) => void,
): Judgement<FaultsGhost> {
  const facts = steps.flatMap((step) => step.facts);
  const sent = facts.filter((fact) => fact.type === "EventSent").length;
  const calm = ghost.sent === 0 ? ghost : { ...ghost, sent: 0 };
  if (sent !== ghost.sent) {
    return {
      ghost: calm,
      wrong: `${sent.toString()} events are sent, not ${ghost.sent.toString()}`,
    };
  }
  for (const { type } of facts) if (/^(Fault|Overflow|Event)/.test(type)) count(type);
  const text = difference(ghost, world);
  return { ghost: calm, wrong: text && `${text}, which is not what was recorded and cleared` };
}

const faultMoves = (_: unknown, device: number): FaultsMove => ({
  actor: "device",
  says: `Device ${formatSourceId(devices[device] ?? both[0])} reads, and has no context entry.`,
  inputs: () => [reads(iovaOf(0), devices[device])],
  knows: (ghost) => faulted(ghost, device),
});

const clearRecord = (index: number): FaultsMove => ({
  actor: "driver",
  says: `The driver clears fault record ${index.toString()}.`,
  inputs: ({ ghost }) =>
    ghost.records[index] === undefined ? [] : [write(record(index) + 12, masks)],
  knows: (ghost) => withEvent(ghost, { ...ghost, records: ghost.records.with(index, undefined) }),
});

const driver: readonly FaultsMove[] = [
  ...Array.from({ length: recordCount }, (_, index) => clearRecord(index)),
  {
    actor: "driver",
    says: "The driver clears the overflow.",
    inputs: ({ ghost }) => (ghost.isOverflowed ? [write(at.fsts, pfo)] : []),
    knows: (ghost) => withEvent(ghost, { ...ghost, isOverflowed: false }),
  },
  {
    actor: "driver",
    says: "The driver masks the fault event.",
    inputs: ({ ghost }) => (ghost.isMasked ? [] : [write(at.fectl, masks)]),
    knows: (ghost) => ({ ...ghost, isMasked: true }),
  },
  {
    actor: "driver",
    says: "The driver unmasks the fault event.",
    inputs: ({ ghost }) => (ghost.isMasked ? [write(at.fectl, 0n)] : []),
    knows: (ghost) => ({
      ...ghost,
      ...{ isMasked: false, isPending: false, sent: ghost.isPending ? 1 : 0 },
    }),
  },
];

function tell(to: Digest, ghost: FaultsGhost, names: Names): void {
  to.begin(kinds.ghost);
  for (const one of ghost.records) {
    to.field(one === undefined ? -1 : names.source(devices[one] ?? 0));
  }
  to.field(ghost.next);
  for (const flag of [ghost.isOverflowed, ghost.isMasked, ghost.isPending]) {
    to.field(flag ? 1 : 0);
  }
  to.end();
}

/** Fault recording. */
export const faults: Configuration<FaultsGhost> = {
  name: "faults",
  question:
    "Do fault records, overflow and the fault event show exactly the faults that happened and " +
    "were not cleared, with more devices that fault than records?",
  setup: {
    guests: [
      smallGuest({
        cap: { nfr: recordCount - 1 },
        devices: devices.map((device) => ({ device, physical: true })),
      }),
    ],
  },
  boot: [...devices.map((device) => memory(contextOf(device), 0n, 0n)), ...turnOn],
  layout: { pages: tableRoles([]), rolling: true },
  alike: [{ source: devices }],
  ghost: {
    records: Array.from({ length: recordCount }, () => undefined),
    ...{ next: 0, isOverflowed: false, isMasked: true, isPending: false, sent: 0 },
  },
  moves: [...devices.map(faultMoves), ...driver],
  laws: ["EV9", "RG2", "RG3"],
  sometimes: [
    ...["FaultRecorded", "FaultCollapsed", "FaultDropped", "FaultOverflowed", "FaultCleared"],
    ...["OverflowCleared", "EventSent", "EventPended", "EventUnpended"],
  ],
  judge,
  tell,
};
