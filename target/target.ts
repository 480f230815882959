import type { Input } from "../events/input.ts";
import type { ProfileWords } from "../events/profile/profile.ts";
import type { Ability } from "./implementation.ts";
import type { Sight, Steps } from "./sight.ts";

/** An implementation that can be given programs, one after another. */
export interface Target {
  readonly words: ProfileWords;
  /** What it calls itself. */
  readonly title?: string;
  /** What it can do besides registers, memory and DMA. */
  readonly can: ReadonlySet<Ability>;
  /** @throws ProgramError when it ends, does not answer, or answers what is no answer. */
  readonly perform: (steps: Steps) => Promise<Sight>;
  readonly stop: () => Promise<void>;
}

/** Tells once that all is to end: as much of an `AbortSignal` as is used. */
export interface EndSignal {
  readonly aborted: boolean;
  readonly addEventListener: (
    type: "abort",
    listener: () => void,
    options?: { readonly once?: boolean },
  ) => void;
  readonly removeEventListener: (type: "abort", listener: () => void) => void;
}

/** What is wished for when a target is started. */
export interface Starting {
  /** Whether to wait less long for what may not come, since it did not before. */
  readonly isHurried?: boolean;
  /** Ends it, whatever it is about. */
  readonly end?: EndSignal | undefined;
}

/** How to start a target. */
export interface TargetPlan {
  readonly name: string;
  /** How many of them may run at a time. */
  readonly lanes: number;
  /** Of the inputs of a program those that it has room for. */
  readonly fit: (inputs: readonly Input[]) => Steps;
  /** @throws ProgramError when it does not start, or is stopped meanwhile. */
  readonly start: (starting?: Starting) => Promise<Target>;
}
