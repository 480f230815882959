import type { Observation } from "./observation.ts";

/** Which program wrote a trace. */
export type TraceFormat = "qemu" | "linux";

/** Lines that are not understood: how many, and the first of them, cut. */
export interface Unparsed {
  readonly count: number;
  readonly first: readonly { readonly line: number; readonly text: string }[];
}

/** A trace that was read. */
export interface Trace {
  readonly format: TraceFormat;
  readonly lines: number;
  /** Lines that are events of the trace's own. */
  readonly understood: number;
  readonly observations: readonly Observation[];
  /** How often something cannot be judged, by what. */
  readonly notObservable: Readonly<Record<string, number>>;
  readonly unparsed: Unparsed;
  /** Lines that are none of the trace, by what they are: a console's, and other subsystems'. */
  readonly passedBy: Readonly<Record<string, number>>;
}
