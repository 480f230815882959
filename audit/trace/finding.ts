/** What can be found, and what it means. */
export const findingKinds = {
  missingInvalidation: "a mapping was changed and no invalidation that covers it followed",
  narrowInvalidation: "the invalidation that followed covers a part of what was changed",
  otherDomain: "the invalidation that followed names another domain",
  remappedTooEarly: "an IOVA was mapped again before its unmapping was invalidated",
  deviceTlbNotTold: "a device that keeps translations was not told to forget them",
  contextNotInvalidated: "the context cache was invalidated, and the IOTLB not after it",
  attachedSilently: "a device was attached without the invalidations that others got",
  changedTranslation: "a page is translated to another address and no invalidation covers it",
  staleTranslation: "the unit used a translation that an invalidation had removed",
  usedAfterUnmap: "a device used an IOVA after it was unmapped",
  faultUnexplained: "the entry that is told beside a fault allows what was blocked",
  staleInterruptEntry: "an interrupt entry changed and no invalidation covers it",
  malformedDescriptor: "a descriptor breaks a rule of its layout",
  missingDescriptor: "the unit fetched or executed a descriptor that the trace does not have",
  ringGap: "the unit's fetches skip entries of the ring",
  badTail: "the tail of the ring is out of range or was refused",
} as const;

export type FindingKind = keyof typeof findingKinds;

/** Something wrong, or a hole in the trace. */
export interface Finding {
  readonly kind: FindingKind;
  /** Where it shows, from 1. */
  readonly line: number;
  readonly text: string;
}

/** Collects what the checks come to. */
export interface Judge {
  readonly agree: () => void;
  readonly disagree: (kind: FindingKind, line: number, text: string) => void;
  readonly notObservable: (what: string, count?: number) => void;
  /** The trace ends before it can be known. */
  readonly undecided: (what: string, count?: number) => void;
}

/** How many judgements came out each way. */
export interface Verdicts {
  readonly agree: number;
  readonly disagree: number;
  readonly notObservable: number;
  readonly undecided: number;
}

/** What all checks of a trace came to. */
export interface Judged {
  readonly verdicts: Verdicts;
  /** By what cannot be judged. */
  readonly notObservable: Readonly<Record<string, number>>;
  /** By what the trace ends too early for. */
  readonly undecided: Readonly<Record<string, number>>;
  /** In the order of their lines. */
  readonly findings: readonly Finding[];
}

type Counts = Map<string, number>;

function note(counts: Counts, what: string, count = 1): void {
  if (count > 0) counts.set(what, (counts.get(what) ?? 0) + count);
}

const total = (counts: Counts): number => [...counts.values()].reduce((sum, one) => sum + one, 0);

/**
 * A judge without verdicts yet.
 *
 * @param counts  what is known not to be observable already.
 */
export function startJudge(counts: Readonly<Record<string, number>>): {
  readonly judge: Judge;
  readonly judged: () => Judged;
} {
  const unseen = new Map(Object.entries(counts));
  const open = new Map<string, number>();
  const findings: Finding[] = [];
  let agreed = 0;
  const judge: Judge = {
    agree: () => {
      agreed += 1;
    },
    disagree: (kind, line, text) => {
      findings.push({ kind, line, text });
    },
    notObservable: (what, count) => note(unseen, what, count),
    undecided: (what, count) => note(open, what, count),
  };
  const judged = (): Judged => {
    const [notObservable, undecided] = [total(unseen), total(open)];
    return {
      verdicts: { agree: agreed, disagree: findings.length, notObservable, undecided },
      notObservable: Object.fromEntries(unseen),
      undecided: Object.fromEntries(open),
      findings: findings.toSorted((a, b) => a.line - b.line),
    };
  };
  return { judge, judged };
}
