import fc from "fast-check";
import { gpa, hpa, sourceId } from "../events/address.ts";
import type { ProfileWords } from "../events/profile/profile.ts";
import type { GuestSetup } from "../events/setup.ts";
import {
  atsRequest,
  deviceAnswer,
  pageQueue,
  pageRequest,
  pageResponse,
  recoverQueue,
} from "../properties/world/device-commands.ts";
import { outsideKinds } from "../properties/world/kinds.ts";
import type { Command } from "../properties/world/mapping-commands.ts";
import { strayDma } from "../properties/world/pasid-requests.ts";
import type { Program } from "../properties/world/program.ts";
import { programsOf } from "../properties/world/program.ts";
import type { Ability } from "./implementation.ts";
import { ram, requesters } from "./machine.ts";

type Range = GuestSetup["p2m"][number];

const sizes = [
  ["1G", 1n << 30n],
  ["2M", 1n << 21n],
  ["4K", 4096n],
] as const;

/** A range that maps to itself, in mappings as large as fit. */
function identity(base: bigint, end: bigint): readonly Range[] {
  const ranges: Range[] = [];
  for (let at = base; at < end; ) {
    const [pageSize, bytes] = sizes.find(([, size]) => at % size === 0n && at + size <= end) ?? [
      "4K",
      4096n,
    ];
    // As many of them as there are before a larger one fits.
    const larger = sizes[sizes.findIndex(([name]) => name === pageSize) - 1]?.[1];
    let stop = end - (end % bytes);
    if (larger !== undefined && at - (at % larger) + larger < stop && at % larger !== 0n) {
      stop = at - (at % larger) + larger;
    }
    const grant = { pageSize, read: true, write: true };
    ranges.push({ gpa: gpa(at), hpa: hpa(at), length: stop - at, ...grant });
    at = stop;
  }
  return ranges;
}

/**
 * The world of a target: one guest with a unit of these capabilities, RAM that maps to itself, and
 * devices that are emulated, or physical ones behind a shadow.
 */
export const setupOf = ({ name, ver, cap, ecap }: ProfileWords, physical = false): GuestSetup => ({
  ...(name === undefined ? {} : { profile: name }),
  ver,
  cap,
  ecap,
  p2m: ram.flatMap(({ base, length }) => identity(base, base + length)),
  devices: requesters.map(({ bdf, alias }) => ({
    device: sourceId(bdf),
    physical,
    ...(alias === undefined ? {} : { alias: sourceId(alias) }),
  })),
});

/** Kinds of command that nobody draws but for a target that can do what they are about. */
const abilityKinds: Readonly<Record<Ability, readonly Command[]>> = {
  interrupts: [],
  pasid: [strayDma],
  ats: [atsRequest, deviceAnswer, recoverQueue],
  pageRequests: [pageRequest, pageResponse, pageQueue],
};

/** Random programs of such a world, from the generators that the laws use. */
export const programsFor = (
  setup: GuestSetup,
  can: ReadonlySet<Ability>,
): fc.Arbitrary<Program> => {
  const allowed = new Set([...can].flatMap((each) => abilityKinds[each]));
  const without = new Set([...outsideKinds].filter((kind) => !allowed.has(kind)));
  return programsOf({ guests: fc.constant([setup]), without, strange: false });
};
