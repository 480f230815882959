import type { SourceId } from "../events/address.ts";
import type { RuleId, Severity } from "./rule.ts";
import { rules } from "./rule.ts";

/** An event, or a line of a trace, that shows something. */
export interface Evidence {
  /** Its number. */
  readonly at: number;
  /** What it shows. */
  readonly text: string;
}

/** Addresses in bytes, from `first` up to `end` (not included). */
export interface Addresses {
  readonly first: bigint;
  readonly end: bigint;
}

/** What a check has found: one rule that is broken in one place. */
export interface Found {
  readonly rule: RuleId;
  /** Number of the event, or of the line of a trace, that breaks the rule. */
  readonly at: number;
  /** Which guest, from 0. */
  readonly guest: number;
  readonly device?: SourceId | undefined;
  readonly pasid?: number | undefined;
  /** A domain-id. */
  readonly domain?: number | undefined;
  readonly iova?: Addresses | undefined;
  /** What happened, in one sentence without a full stop. */
  readonly text: string;
  /** In the order of their numbers. */
  readonly evidence: readonly Evidence[];
  /** How often, where the same is told once. */
  readonly count?: number;
}

/** A rule that is broken, and how bad that is. */
export interface Finding extends Found {
  readonly severity: Severity;
}

/** Takes what is found. */
export type Note = (found: Found) => unknown;

/** A finding of what was found, with its evidence in order. */
export const findingOf = (found: Found): Finding => ({
  ...found,
  evidence: found.evidence.toSorted((a, b) => a.at - b.at),
  severity: rules[found.rule].severity,
});

/** Findings in the order of their events; of one event, as they were found. */
export const inOrder = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((a, b) => a.at - b.at);

/** The command that opens the moment of a finding in a log. */
export const openCommand = (file: string, at: number): string =>
  `shadowfold debug ${file} --terminal --at ${at.toString()}`;
