import type { Fact } from "../events/fact.ts";
import type { Access, Input } from "../events/input.ts";
import type { Profile } from "../events/profile/profile.ts";
import type { GuestSetup } from "../events/setup.ts";
import type { Guest } from "../projections/guest.ts";
import type { World } from "../projections/world.ts";

/** What a target did otherwise than the model at one step. */
export interface Situation {
  readonly what: "register" | "answer" | "dma" | "data" | "event" | "interrupt" | "memory";
  /** The register that differs, if one does: its name and both values. */
  readonly register?: { readonly name: string; readonly model: bigint; readonly target: bigint };
  /** Where memory differs in the end: of 32 bits, or of one byte that a device read. */
  readonly address?: number;
  /** What both sides did, as text: of a DMA, a message. */
  readonly target: string;
  readonly model: string;
  /** Of a DMA, everything that the architecture allows. */
  readonly allowed?: readonly string[];
  readonly input: Input;
  /** The model before and after the step. */
  readonly before: Guest;
  readonly after: Guest;
  readonly facts: readonly Fact[];
  /** The world before the step. */
  readonly world: World;
  readonly past: Past;
  /** GPA that a DMA's translation led to in the target, whether it was allowed or not. */
  readonly reached: bigint | undefined;
  /** The message that an interrupt request became in the target, if it became one. */
  readonly message: string | undefined;
  /** Whether the target has traces, so that `reached` and `message` say anything. */
  readonly isTraced: boolean;
}

/** A guest to which nothing of a step has happened but what it shows. */
export const nothing = (guest: Guest): Other => ({ guest, facts: [] });

/** What has happened so far, as far as deviations depend on it and the model does not keep it. */
export interface Past {
  /** IQA as latched when the queue was enabled last. */
  readonly queueAddress: bigint;
  /** Whether no descriptor was executed since then. */
  readonly isQueueFresh: boolean;
  /** Translations that the target has used, and nothing has invalidated since. */
  readonly reached: readonly Reached[];
  readonly contexts: Contexts;
}

/** What the target remembers of source-ids in scalable mode. */
export interface Contexts {
  /** Those that were passed through when the target looked last. */
  readonly passing: ReadonlySet<number>;
  /** Those of which nobody knows it: they were, or would have been, when it may have looked. */
  readonly lately: ReadonlySet<number>;
  /** Their context entries, as they were when a request of theirs needed them first. */
  readonly entries: ReadonlyMap<number, bigint>;
}

/** A translation that the target has used: a range of IOVA and where it leads. */
export interface Reached {
  readonly source: number;
  readonly first: bigint;
  readonly last: bigint;
  /** What has to be added to an IOVA. */
  readonly distance: bigint;
  /** What the translation allowed. */
  readonly allows: Readonly<Record<Access, boolean>>;
  /** The domain-id that the requester's entry had in the model. */
  readonly did: number;
  /** The PASID whose first stage it is of; nothing of a second stage. */
  readonly pasid: number | undefined;
}

/**
 * How the comparison goes on: as if this was not different, not at all, or with a guest in another
 * state, which is the target's.
 */
export type Passing = "goOn" | "end" | Other;

/** A guest in the target's state, and those of the step's facts that hold in it. */
export interface Other {
  readonly guest: Guest;
  readonly facts: readonly Fact[];
}

/** A situation that a target does not survive: how an input is changed so that it stays away. */
export interface Avoidance {
  readonly id: string;
  /** Another input instead; the same one where nothing has to be avoided. */
  readonly change: (input: Input, profile: Profile) => Input;
  /** A program's inputs without those that lead there, for what one input alone does not tell. */
  readonly without?: (setup: GuestSetup, inputs: readonly Input[]) => readonly Input[];
}

/** One way in which a target is known not to follow the architecture. */
export interface Deviation {
  readonly id: string;
  /** Whether it explains a difference, and how the comparison goes on then. */
  readonly explains: (situation: Situation) => Passing | undefined;
}
