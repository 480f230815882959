/** Whether the model says what somebody else saw; with what is different. */
export type Verdict =
  | { readonly verdict: "agree" }
  /** Nothing can be said, and why. */
  | { readonly verdict: "unjudged"; readonly text: string }
  | { readonly verdict: "disagree"; readonly text: string };

/** A law that did not hold at an event. */
export interface Violation {
  readonly law: string;
  readonly seq: number;
  readonly text: string;
}

export const agree: Verdict = { verdict: "agree" };
export const disagree = (text: string): Verdict => ({ verdict: "disagree", text });

/** Of what nothing was recorded. */
export const unjudged: Verdict = { verdict: "unjudged", text: "nothing was recorded beside it" };
