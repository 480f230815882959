import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import {
  command,
  deviceTlbOf,
  iotlbOfAll,
  memory,
  qie,
  te,
  waitNothing,
  waitStatus,
  write,
  write8,
} from "../../properties/examples/driver.ts";
import { kinds } from "../canonical/kinds.ts";
import type { Configuration, Judgement, Move } from "../engine/configuration.ts";
import type { Tables } from "./small-guest.ts";
import {
  contextOf,
  contextTo,
  devices,
  domains,
  gpaOf,
  place,
  readRegister,
  readWord,
  smallGuest,
  tableRoles,
  turnOn,
  upperTables,
} from "./small-guest.ts";

/** What the driver saw of the queue when it looked last. */
interface RingGhost {
  /** A status was written since the driver cleared its word. */
  readonly isDone: boolean;
}

type RingMove = Move<RingGhost>;

const domain = domains[0] as Tables;
const [device] = devices;
const slots = 256;
/** The slots that the driver uses: the last two and the first two. */
const used = [254, 255, 0, 1] as const;
const slotAt = (slot: number): bigint => gpaOf(place.ring) + BigInt(slot) * 16n;

/** What the driver may write into a slot. */
const contents: readonly (readonly [string, bigint])[] = [
  ["a wait that writes a status", waitStatus(gpaOf(place.status), 1)],
  ["an IOTLB invalidation", iotlbOfAll],
  ["a device-TLB invalidation", deviceTlbOf(device)],
  ["a descriptor of a type that is none", 0xfn],
];

const same = (ghost: RingGhost): RingGhost => ghost;

const move = (
  actor: RingMove["actor"],
  says: string,
  inputs: RingMove["inputs"],
  knows: RingMove["knows"] = same,
): RingMove => ({ actor, says, inputs, knows });

const descriptorWrites: readonly RingMove[] = used.flatMap((slot) =>
  contents.map(([what, descriptor]) =>
    move("driver", `The driver writes ${what} into slot ${slot.toString()}.`, ({ world }) =>
      readWord(world, slotAt(slot)) === BigInt.asUintN(64, descriptor)
        ? []
        : [memory(slotAt(slot), BigInt.asUintN(64, descriptor), descriptor >> 64n)],
    ),
  ),
);

/** Beyond the last used slot, and beyond the end of the ring. */
const tails = [...used, 2, slots];

const tailMoves: readonly RingMove[] = tails.map((slot) =>
  move("driver", `The driver moves the tail to slot ${slot.toString()}.`, ({ world }) =>
    readRegister(world, at.iqt, 8) === BigInt(slot * 16) ? [] : [write8(at.iqt, BigInt(slot * 16))],
  ),
);

const isEnabled = (world: World): boolean => (readRegister(world, at.gsts) & qie) !== 0n;
const errors: readonly (readonly [string, bigint])[] = [
  ["IQE", 0x10n],
  ["ICE", 0x20n],
  ["ITE", 0x40n],
];

const control: readonly RingMove[] = [
  move("driver", "The driver turns the queue off.", ({ world }) =>
    isEnabled(world) ? [command(te)] : [],
  ),
  move("driver", "The driver turns the queue on.", ({ world }) =>
    isEnabled(world) ? [] : [command(te | qie)],
  ),
  ...errors.map(([name, bit]) =>
    move("driver", `The driver clears ${name}.`, ({ world }) =>
      (readRegister(world, at.fsts) & bit) === 0n ? [] : [write(at.fsts, bit)],
    ),
  ),
  move(
    "driver",
    "The driver clears its status word.",
    ({ ghost }) => (ghost.isDone ? [memory(gpaOf(place.status), 0n)] : []),
    () => ({ isDone: false }),
  ),
];

const owed = (world: World): number => world.guests[0]?.queue.unanswered.length ?? 0;

const answers = ["done", "failed"] as const;
const outside: readonly RingMove[] = [
  ...answers.map((result) =>
    move("device", `The device's answer is: ${result}.`, ({ world }): readonly Input[] =>
      owed(world) > 0 ? [{ type: "DeviceTlbAnswer", device, result }] : [],
    ),
  ),
  move("unit", "The unit gives up waiting for answers.", ({ world }) =>
    owed(world) > 0 ? [{ type: "InvalidationTimeout" }] : [],
  ),
];

const met: Readonly<Record<string, string>> = {
  QueueDraining: "drained",
  WaitAborted: "wait aborted",
  QueueResumed: "resumed",
  CompletionFailed: "answered wrongly",
};

/** Descriptors that the device may owe answers to: those that a ring can hold. */
const mostOwed = 3;

function judge(
  _ghost: RingGhost,
  steps: readonly Step[],
  world: World,
  count: (name: string) => void,
): Judgement<RingGhost> {
  for (const { facts, input } of steps) {
    for (const fact of facts) {
      if (met[fact.type] !== undefined) count(met[fact.type] ?? "");
      if (fact.type === "QueueHalted") count(`halted by ${fact.error}`);
      if (fact.type === "DescriptorCompleted" && fact.head === 0) count("wrapped");
      if (fact.type === "InputRefused" && input.type === "RegisterWrite") count("refused");
    }
  }
  return { ghost: { isDone: readWord(world, gpaOf(place.status)) !== 0n } };
}

/** Whether a move keeps what the device owes within what is looked at. */
const bounded = (one: RingMove): RingMove => ({
  ...one,
  inputs: (state) =>
    owed(state.world) >= mostOwed && one.actor === "driver" ? [] : one.inputs(state),
});

/** The last two slots are next: the others were used and are empty again. */
const atTheEnd: readonly Input[] = [
  memory(gpaOf(place.ring), ...Array.from({ length: 254 }, () => [waitNothing, 0n]).flat()),
  write8(at.iqt, 254n * 16n),
  memory(gpaOf(place.ring), ...Array.from({ length: slots * 2 }, () => 0n)),
];

/** The invalidation queue. */
export const ring: Configuration<RingGhost> = {
  name: "ring",
  question:
    "Does the invalidation queue run what memory holds, in order, around the end of its ring, " +
    "and does it stop and go on at errors, waits and time-outs as it must?",
  setup: { guests: [smallGuest()] },
  boot: [
    ...upperTables(domain),
    ...devices.map((one) => memory(contextOf(one), ...contextTo(domain, true))),
    ...turnOn,
    ...atTheEnd,
  ],
  layout: { pages: tableRoles([domain]), rolling: false },
  alike: [],
  ghost: { isDone: false },
  moves: [...descriptorWrites, ...tailMoves, ...control, ...outside].map(bounded),
  laws: ["QU1", "QU2", "IV4", "RG3", "GS1", "GS2"],
  sometimes: [
    ...["drained", "wait aborted", "resumed", "wrapped", "refused"],
    ...["halted by IQE", "halted by ITE", "answered wrongly"],
  ],
  judge,
  tell: (to, { isDone }) => {
    to.begin(kinds.ghost);
    to.field(isDone ? 1 : 0);
    to.end();
  },
};
