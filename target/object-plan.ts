import type { ProfileWords } from "../events/profile/profile.ts";
import { connectObject } from "./connection/in-process.ts";
import type { Implementation } from "./implementation.ts";
import { implementationPlan } from "./implementation-target.ts";
import { ProgramError } from "./program-error.ts";
import type { TargetPlan } from "./target.ts";

/** What is asked of a target besides the programs. */
export interface Wishes {
  /** Seconds that it may be silent. */
  readonly patience: number;
  /** The unit that it is to be; what it says itself when missing. */
  readonly words?: ProfileWords | undefined;
}

/** What is wished for, as a part of what it takes to reach a target. */
export const wished = ({ patience, words }: Wishes) => ({
  patience,
  ...(words === undefined ? {} : { words }),
});

/** What makes a target in this process. */
export type Make = () => Implementation | Promise<Implementation>;

/** A target that is an object of this process. */
export const objectPlan = (make: Make, wishes: Wishes): TargetPlan =>
  implementationPlan({
    ...{ name: "the target", lanes: 1, ...wished(wishes) },
    connect: async () => {
      const made: unknown = await make();
      if (typeof made !== "object" || made === null) throw new ProgramError("is not an object");
      return connectObject(made as Implementation);
    },
  });
