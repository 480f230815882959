import type { ProfileWords } from "../events/profile/profile.ts";
import { connectObject } from "./connection/in-process.ts";
import { connectModule, placeOf } from "./connection/module.ts";
import { connectStdio } from "./connection/stdio.ts";
import type { Implementation } from "./implementation.ts";
import { implementationPlan } from "./implementation-target.ts";
import { ProgramError } from "./process.ts";
import type { TargetPlan } from "./target.ts";

/** What is asked of a target besides the programs. */
export interface Wishes {
  /** Seconds that it may be silent. */
  readonly patience: number;
  /** The unit that it is to be; what it says itself when missing. */
  readonly words?: ProfileWords | undefined;
}

const wordsOf = ({ words }: Wishes) => (words === undefined ? {} : { words });
/** Seconds that somebody waits for what did not come before. */
const hurried = ({ patience }: Wishes, isHurried: boolean): number =>
  isHurried ? Math.min(1, patience) : patience;

/** A program that answers requests by its standard output, one JSON object a line. */
export const stdioPlan = (command: string, wishes: Wishes): TargetPlan =>
  implementationPlan({
    ...{ name: command, lanes: 2, ...wordsOf(wishes) },
    connect: (isHurried) => connectStdio(command, hurried(wishes, isHurried)),
  });

/** A module that makes the target, in a thread of its own. */
export const modulePlan = (place: string, wishes: Wishes): TargetPlan =>
  implementationPlan({
    ...{ name: place, lanes: 2, ...wordsOf(wishes) },
    connect: (isHurried) => connectModule(placeOf(place), hurried(wishes, isHurried)),
  });

/** What makes a target in this process. */
export type Make = () => Implementation | Promise<Implementation>;

/** A target that is an object of this process. */
export const objectPlan = (make: Make, wishes: Wishes): TargetPlan =>
  implementationPlan({
    ...{ name: "the target", lanes: 1, ...wordsOf(wishes) },
    connect: async (isHurried) => {
      const made: unknown = await make();
      if (typeof made !== "object" || made === null) throw new ProgramError("is not an object");
      return connectObject(made as Implementation, hurried(wishes, isHurried));
    },
  });
