import type { Step } from "../step.ts";

/** Something that is wrong at an input: a law that did not hold, or what a reader notices. */
export interface Finding {
  readonly law: string;
  /** Number of the input's event, or of the fact that shows it. */
  readonly seq: number;
  readonly text: string;
}

/** Tells what is wrong with a step. Pure: the same step has the same findings. */
export type Judge = (step: Step) => readonly Finding[];

/** All findings, in the order of events. */
export interface Findings {
  readonly all: Finding[];
  readonly bySeq: Map<number, readonly Finding[]>;
}

export const newFindings = (): Findings => ({ all: [], bySeq: new Map() });

/** Keeps what was found at a step. */
export function noteFindings(findings: Findings, found: readonly Finding[]): void {
  for (const one of found) {
    findings.all.push(one);
    findings.bySeq.set(one.seq, [...(findings.bySeq.get(one.seq) ?? []), one]);
  }
}

/** The findings up to an event, as a list that grows apart. */
export function forkFindings({ all }: Findings, until: number): Findings {
  const fork = newFindings();
  noteFindings(
    fork,
    all.filter(({ seq }) => seq <= until),
  );
  return fork;
}
