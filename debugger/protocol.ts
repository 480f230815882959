// Length: everything that page and engine say to each other, in one list.

/** What a lane of the picture of a run shows. */
export type LaneKind =
  | "cpu"
  | "toolstack"
  | "device"
  | "queue"
  | "entries"
  | "shadow"
  | "faults"
  | "interrupts"
  | "pages"
  | "stale";

/** One lane: events of one kind, or of one device. */
export interface Lane {
  readonly key: string;
  readonly kind: LaneKind;
  readonly name: string;
}

/** The key of the lane that a kind's events are in for which there is no lane of their own. */
export const sharedKey = (kind: LaneKind): string => `*/${kind}/*`;

/** Bits of what a stretch of a lane has in it, whatever else it has. */
export const marks = { bad: 1, finding: 2 } as const;

/** A stretch of the run as columns: for each lane how many events, and what they are. */
export interface Overview {
  readonly from: number;
  readonly to: number;
  readonly columns: number;
  /** Lane by lane, column by column. */
  readonly counts: Uint32Array;
  readonly marks: Uint8Array;
  readonly lanes: number;
}

/** A piece of text; one with `seq` leads to an event. */
export interface Piece {
  readonly text: string;
  readonly seq?: number;
}

/** One event as it is listed. */
export interface EventRow {
  readonly seq: number;
  /** The input behind it; its own number for an input. */
  readonly cause: number;
  readonly type: string;
  readonly kind: LaneKind;
  /** The key of its lane. */
  readonly lane: string;
  readonly text: string;
  readonly bad: boolean;
  readonly findings: readonly string[];
}

/** One field of a word, taken apart. */
export interface FieldView {
  readonly name: string;
  readonly bits: string;
  readonly value: string;
  readonly doc: string;
  readonly set: boolean;
  readonly changed: boolean;
}

/** A register. */
export interface RegisterView {
  readonly name: string;
  readonly doc: string;
  readonly offset: string;
  readonly value: string;
  readonly before: string | undefined;
  readonly fields: readonly FieldView[];
}

/** One row of a table of the state. */
export interface StateRow {
  readonly key: string;
  readonly cells: readonly string[];
  /** What it was before this step, if another; `null` where it was not. */
  readonly before: string | null | undefined;
  readonly gone: boolean;
}

/** A table of the state. */
export interface StateTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly StateRow[];
  /** Rows that there are; the ones that changed are always among those given. */
  readonly count: number;
  readonly changed: number;
}

/** What is the case for one guest. */
export interface StateView {
  readonly at: number;
  readonly guests: number;
  readonly values: readonly StateRow[];
  readonly registers: readonly RegisterView[];
  readonly tables: readonly StateTable[];
  /** What changed unannounced, and since when; the first ones. */
  readonly waiting: readonly WaitingView[];
}

/** Something that changed and was not announced. */
export interface WaitingView {
  readonly text: string;
  readonly since: number;
}

/** One slot of the invalidation queue. */
export interface QueueSlot {
  readonly index: number;
  readonly name: string;
  readonly word: string;
  readonly fields: readonly FieldView[];
  readonly place: "done" | "waiting";
  /** The event that fetched it last, where it was. */
  readonly fetched: number | undefined;
}

/** The invalidation queue as a ring. */
export interface QueueView {
  readonly state: string;
  readonly base: string;
  readonly slots: number;
  readonly step: number;
  readonly head: number;
  readonly tail: number;
  readonly errors: readonly string[];
  /** Those before the head, the newest first, and those that wait. */
  readonly near: readonly QueueSlot[];
}

/** A transition of a chart. */
export interface ArrowView {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly name: string;
  readonly facts: readonly string[];
}

/** A chart, and where its units are. */
export interface ChartState {
  readonly id: string;
  readonly states: readonly string[];
  readonly initial: string;
  readonly arrows: readonly ArrowView[];
  /** Each unit's name, empty where there is one, and its state. */
  readonly units: readonly { readonly name: string; readonly state: string }[];
  /** The last transition of a chart with one unit. */
  readonly last: { readonly seq: number; readonly from: string; readonly to: string } | undefined;
}

/** An address of a device, as the page asks about it. */
export interface PageAsked {
  readonly guest: number;
  readonly device: string;
  readonly iova: string;
  readonly pasid: string;
  readonly access: "read" | "write";
}

/** One entry on the way of a walk. */
export interface EntryView {
  readonly name: string;
  readonly below: boolean;
  readonly address: string;
  readonly hpa: string | undefined;
  readonly word: string;
  readonly meaning: string;
  readonly fields: readonly FieldView[];
  readonly writer: { readonly seq: number; readonly by: string } | undefined;
  readonly decides: boolean;
}

/** What a translation comes to, one way. */
export interface WayView {
  readonly text: string;
  readonly address: string | undefined;
  readonly good: boolean;
}

/** A time in which the translation of a page was one thing. */
export interface LifeView {
  readonly from: number;
  readonly until: number | undefined;
  readonly text: string;
  readonly kind: "mapped" | "blocked" | "stale" | "none";
  /** The first event that wrote what was announced then, or waits. */
  readonly writer: number | undefined;
  /** Who last wrote the page's own entry, where that was later. */
  readonly entryWriter: number | undefined;
  readonly announced: number | undefined;
  readonly landed: number;
  readonly blocked: number;
  readonly firstUse: number | undefined;
}

/** A translation three ways at once. */
export interface WalkView {
  readonly at: number;
  readonly asked: PageAsked;
  readonly host: string;
  readonly guest: WayView;
  readonly composed: WayView;
  readonly shadow: WayView;
  readonly deviceTlb: string | undefined;
  readonly agree: boolean;
  readonly pendingSince: number | undefined;
  readonly entries: readonly EntryView[];
  readonly life: readonly LifeView[];
}

/** Something that can be asked of another run. */
export interface WhatIfOffer {
  readonly text: string;
  readonly edits: readonly EditAsked[];
}

/** Why a request came to what it did. */
export interface StoryView {
  readonly at: number;
  readonly title: readonly Piece[];
  readonly sentences: readonly (readonly Piece[])[];
  readonly conclusion: readonly Piece[] | undefined;
  /** The write that decided, and what announced it. */
  readonly write: number | undefined;
  readonly announced: number | undefined;
  readonly offers: readonly WhatIfOffer[];
  readonly asked: PageAsked | undefined;
}

/** Which event led to which. */
export interface Link {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

/** The page that an event is about, and what led to it. */
export interface ChainView {
  readonly asked: PageAsked | undefined;
  readonly links: readonly Link[];
}

/** Faults that are alike: of one device and reason, in pages side by side. */
export interface FaultGroup {
  readonly device: string;
  readonly iova: string;
  readonly pages: number;
  readonly access: string;
  readonly reason: string;
  readonly kind: "unmapped" | "never mapped" | "not allowed" | "host" | "other";
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** A law that did not hold. */
export interface FindingView {
  readonly law: string;
  readonly seq: number;
  readonly text: string;
}

/** What to look at first. */
export interface SummaryView {
  readonly faults: readonly FaultGroup[];
  readonly blocked: number;
  readonly findings: readonly FindingView[];
  readonly findingCount: number;
}

/** One thing that is done differently, as the page asks for it. */
export type EditAsked =
  | { readonly kind: "remove"; readonly at: number }
  | { readonly kind: "insert"; readonly before: number; readonly line: string }
  | { readonly kind: "change"; readonly at: number; readonly line: string }
  | { readonly kind: "unsent"; readonly fact: number }
  | { readonly kind: "invalidated"; readonly after: number; readonly asked: PageAsked };

/** What a request came to. */
export interface OutcomeView {
  readonly seq: number;
  readonly text: string;
  readonly good: boolean;
}

/** A request of a device that came to something else. */
export interface DmaChange {
  readonly device: string;
  readonly iova: string;
  readonly left: OutcomeView | undefined;
  readonly right: OutcomeView | undefined;
}

/** One event of a run and of the other. */
export interface DivergenceView {
  readonly seq: number | undefined;
  readonly input: string;
  readonly facts: readonly string[];
}

/** An input of one run, what followed, and the same of the other; either may be missing. */
export interface DifferenceView {
  readonly left: DivergenceView | undefined;
  readonly right: DivergenceView | undefined;
}

/** Two runs side by side. */
export interface WhatIfView {
  /** The branch that the right one is, where it is kept; by it that is saved or compared again. */
  readonly branch: number | undefined;
  readonly title: string;
  /** Why the other run ends before it should. */
  readonly note: string | undefined;
  /** What is done differently, where that is known. */
  readonly edits: readonly string[];
  /** Of a branch the first input of which other facts followed; else the first that matters. */
  readonly first: DifferenceView | undefined;
  /** Differences before that one, of which none can change anything. */
  readonly passedOver: number;
  /** The first differences, in order. */
  readonly differences: readonly DifferenceView[];
  readonly differing: number;
  readonly dma: readonly DmaChange[];
  readonly dmaDiffering: number;
  readonly dmaSame: number;
  readonly appeared: readonly FindingView[];
  readonly vanished: readonly FindingView[];
}

/** Pages side by side of an address space. */
export interface SpaceRow {
  /** The page that leads there. */
  readonly asked: PageAsked;
  readonly first: number;
  readonly count: number;
  readonly from: string;
  readonly to: string;
  readonly kind: "pending" | "met" | "used" | "mapped" | "above";
  readonly text: string;
  readonly pendingSince: number | undefined;
  readonly lastUse: number | undefined;
}

/** A stretch of an address space that has a row of the map for itself. */
export interface SpaceStrip {
  readonly from: string;
  /** Pages of each cell. */
  readonly each: number;
  /** For each cell 0 for nothing, else which row of the list it leads to, from 1. */
  readonly cells: Uint16Array;
}

/** What a domain can name: mapped, pending, used and never used. */
export interface SpaceView {
  readonly name: string;
  readonly note: string;
  readonly pages: Readonly<Record<SpaceRow["kind"], number>>;
  readonly strips: readonly SpaceStrip[];
  readonly rows: readonly SpaceRow[];
  readonly isWhole: boolean;
}

/** What was opened, once it is. */
export interface LogView {
  readonly name: string;
  readonly kind: string;
  readonly events: number;
  readonly inputs: number;
  readonly guests: number;
  /** Some, where there are very many. */
  readonly devices: readonly string[];
  readonly lanes: readonly Lane[];
  readonly isWhole: boolean;
  /** Why it ends before it should. */
  readonly cut: string | undefined;
  /** Somebody had enough of it. */
  readonly isStopped: boolean;
}

/** Every question that the page may ask, with what it is answered. */
export interface Questions {
  readonly overview: [
    { readonly from: number; readonly to: number; readonly columns: number },
    Overview,
  ];
  readonly rows: [{ readonly from: number; readonly count: number }, readonly EventRow[]];
  readonly events: [{ readonly seqs: readonly number[] }, readonly EventRow[]];
  readonly state: [{ readonly at: number; readonly guest: number }, StateView | undefined];
  readonly queue: [{ readonly at: number; readonly guest: number }, QueueView | undefined];
  readonly charts: [{ readonly at: number; readonly guest: number }, readonly ChartState[]];
  readonly walk: [{ readonly at: number; readonly asked: PageAsked }, WalkView];
  readonly story: [{ readonly at: number; readonly asked?: PageAsked }, StoryView | undefined];
  readonly chain: [{ readonly at: number }, ChainView];
  readonly summary: [Record<string, never>, SummaryView];
  readonly forward: [{ readonly at: number; readonly where: string }, number | undefined];
  readonly back: [{ readonly at: number; readonly where: string }, number | undefined];
  readonly search: [
    { readonly where: string; readonly most: number },
    { readonly found: readonly EventRow[]; readonly isWhole: boolean },
  ];
  readonly step: [
    { readonly at: number; readonly by: "event" | "input"; readonly back: boolean },
    number,
  ];
  readonly line: [{ readonly at: number }, string];
  readonly nearest: [
    { readonly lane: number; readonly place: number; readonly reach: number },
    number | undefined,
  ];
  readonly whatIf: [{ readonly title: string; readonly edits: readonly EditAsked[] }, WhatIfView];
  /** This run, or a branch of it, beside another branch. */
  readonly compareBranches: [
    { readonly left: number | undefined; readonly right: number; readonly title: string },
    WhatIfView,
  ];
  /** This run beside another log. */
  readonly compareLog: [{ readonly name: string; readonly bytes: Blob }, WhatIfView];
  /** A branch, or this run, as a log. */
  readonly saveRun: [{ readonly branch: number | undefined }, Blob];
  readonly dropBranch: [{ readonly branch: number }, boolean];
  readonly space: [{ readonly at: number; readonly asked: PageAsked }, SpaceView];
}

/** The name of a question. */
export type Question = keyof Questions;

/** What the page tells its worker. */
export type ToWorker =
  | { readonly type: "open"; readonly name: string; readonly bytes: Blob }
  | { readonly type: "fetch"; readonly name: string; readonly address: string }
  | { readonly type: "cancel"; readonly what: "opening" | "question" }
  | {
      readonly type: "ask";
      readonly id: number;
      readonly question: Question;
      readonly of: unknown;
    };

/** What a worker tells its page. */
export type FromWorker =
  /** `opening` counts what was opened: another one is another log. */
  | {
      readonly type: "log";
      readonly log: LogView;
      readonly progress: number;
      readonly opening: number;
    }
  | { readonly type: "refused"; readonly why: string }
  | { readonly type: "answer"; readonly id: number; readonly value: unknown }
  | { readonly type: "failed"; readonly id: number; readonly why: string };
