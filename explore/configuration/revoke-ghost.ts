import { hex } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import type { Digest } from "../canonical/digest.ts";
import { kinds } from "../canonical/kinds.ts";
import type { Names } from "../canonical/names.ts";
import type { Judgement } from "../engine/configuration.ts";
import {
  dataPages,
  frameOf,
  gpaOf,
  iovaPages,
  outstanding,
  place,
  readRegister,
} from "./small-guest.ts";

/**
 * How far the driver is with an entry: it maps a page, and that is announced or not; or it was
 * cleared, then announced by an IOTLB invalidation, then the devices were told to forget it, then
 * a wait was put behind all that.
 */
export type Stage = "mapped" | "cleared" | "announced" | "forgotten" | "waited";

/** An entry that has a page, or had one that is not confirmed to be free. */
export interface Binding {
  /** Which of the data pages. */
  readonly page: number;
  readonly stage: Stage;
  /** The entry as it is now is announced. */
  readonly isKnown: boolean;
}

/**
 * Whose a page is: nobody's device has it; devices have it; it is confirmed that they have not; or
 * the driver has given it to somebody else.
 */
export type Owner = "device" | "free" | "other";

/** What the driver and the host did and saw: nothing of what the model keeps. */
export interface RevokeGhost {
  /** By number of the IOVA. */
  readonly bindings: readonly (Binding | undefined)[];
  /** By number of the data page. */
  readonly owners: readonly Owner[];
  /** Guest that has the frame, or `nobody`, by number of the data page. */
  readonly frames: readonly number[];
  /** The driver waits for a status to be written. */
  readonly isWaiting: boolean;
}

const nobody = 2;

export const revokeStart: RevokeGhost = {
  bindings: [undefined, undefined],
  owners: ["other", "other"],
  frames: [0, 0],
  isWaiting: false,
};

/** The ghost with one binding changed. */
export const withBinding = (
  ghost: RevokeGhost,
  index: number,
  binding: Binding | undefined,
): RevokeGhost => ({ ...ghost, bindings: ghost.bindings.with(index, binding) });

export const withOwner = (ghost: RevokeGhost, page: number, owner: Owner): RevokeGhost => ({
  ...ghost,
  owners: ghost.owners.with(page, owner),
});

/** What is to be done again once something went wrong with the queue. */
export function fallenBack(ghost: RevokeGhost): RevokeGhost {
  const bindings = ghost.bindings.map((one) =>
    one?.stage === "forgotten" || one?.stage === "waited"
      ? { ...one, stage: "announced" as const }
      : one,
  );
  return { ...ghost, bindings };
}

const ice = 0x20n;

/**
 * The status came: what was waited for is confirmed, unless FSTS says beside it that a device's
 * answer was wrong. The queue goes on after one, so that the status alone confirms nothing.
 */
function confirmed(ghost: RevokeGhost, world: World, count: (name: string) => void): RevokeGhost {
  if ((readRegister(world, at.fsts) & ice) !== 0n) {
    count("status beside a wrong answer");
    return { ...fallenBack(ghost), isWaiting: false };
  }
  count("confirmed");
  const owners = [...ghost.owners];
  const bindings = ghost.bindings.map((one) => {
    if (one?.stage !== "waited") return one;
    owners[one.page] = "free";
    return undefined;
  });
  return { ...ghost, bindings, owners, isWaiting: false };
}

/**
 * What the driver sees when it looks at the queue's head: the unit has passed the wait and written
 * nothing, so that it was aborted.
 */
const looked = (ghost: RevokeGhost, world: World): RevokeGhost =>
  ghost.isWaiting && outstanding(world) === 0 ? { ...fallenBack(ghost), isWaiting: false } : ghost;

/** Whether devices may still reach a page through some entry. */
const isReachable = ({ bindings }: RevokeGhost, page: number): boolean =>
  bindings.some((one) => one?.page === page);

function judgeLanding(
  ghost: RevokeGhost,
  hpa: bigint,
  count: (name: string) => void,
): string | undefined {
  const page = dataPages.findIndex((gfn) => frameOf(gfn) === Number(hpa >> 12n));
  if (page < 0) return `a DMA lands in host page ${hex(hpa >> 12n)}, which was never mapped`;
  const what = `guest page ${hex(BigInt(dataPages[page] ?? 0))}`;
  if (ghost.frames[page] !== 0)
    return `a DMA lands in ${what} after the host gave it to another guest`;
  if (ghost.owners[page] === "other") {
    return `a DMA lands in ${what} after the driver gave it to somebody else`;
  }
  if (ghost.owners[page] === "free") {
    return `a DMA lands in ${what} after a wait confirmed that no device reaches it`;
  }
  const stages = ghost.bindings.flatMap((one) => (one?.page === page ? [one.stage] : []));
  count(stages.includes("mapped") ? "landed" : `landed while ${stages[0] ?? "unbound"}`);
  return isReachable(ghost, page) ? undefined : `a DMA lands in ${what}, which nothing maps`;
}

/** Whose the frames are once the host's input has returned: what was on its way has landed. */
function afterHost(ghost: RevokeGhost, input: Input): RevokeGhost {
  if (input.type !== "P2mMap" && input.type !== "P2mUnmap") return ghost;
  const page = dataPages.findIndex((gfn) => gpaOf(gfn) === input.gpa);
  const owner = input.type === "P2mMap" ? (input.guest ?? 0) : nobody;
  return { ...ghost, frames: ghost.frames.with(page, owner) };
}

/** Judges each landing by what was confirmed before the move, then looks at the status. */
export function judgeRevoke(
  ghost: RevokeGhost,
  steps: readonly Step[],
  world: World,
  count: (name: string) => void,
): Judgement<RevokeGhost> {
  let now = ghost;
  for (const { input, facts } of steps) {
    for (const fact of facts) {
      if (fact.type === "WaitAborted") count("wait aborted");
      if (fact.type === "MemoryWritten" && fact.gpa === gpaOf(place.status) && now.isWaiting) {
        now = confirmed(now, world, count);
      }
      if (fact.type !== "DmaLanded" || fact.hpa === undefined) continue;
      const wrong = judgeLanding(now, fact.hpa, count);
      if (wrong !== undefined) return { ghost: now, wrong };
    }
    now = afterHost(now, input);
  }
  return { ghost: looked(now, world) };
}

const stages: readonly Stage[] = ["mapped", "cleared", "announced", "forgotten", "waited"];
const ownerNames: readonly Owner[] = ["device", "free", "other"];

/** Tells what the ghost knows. */
export function tellRevoke(to: Digest, ghost: RevokeGhost, names: Names): void {
  to.begin(kinds.ghost);
  to.field(ghost.isWaiting ? 1 : 0);
  to.end();
  for (let index = 0; index < ghost.bindings.length; index++) {
    const binding = ghost.bindings[index];
    if (binding === undefined) continue;
    to.begin(kinds.ghost);
    to.field(names.iova(iovaPages[index] ?? 0));
    to.field(names.gfn(dataPages[binding.page] ?? 0));
    to.field(stages.indexOf(binding.stage) * 2 + (binding.isKnown ? 1 : 0));
    to.end();
  }
  for (let page = 0; page < dataPages.length; page++) {
    to.begin(kinds.ghost);
    to.field(-1);
    to.field(names.gfn(dataPages[page] as number));
    to.field(ownerNames.indexOf(ghost.owners[page] ?? "other"));
    to.field(ghost.frames[page] ?? 0);
    to.end();
  }
}
