import type { ShownEntry } from "../text/entry-text.ts";
import type { ShownField } from "../text/field-text.ts";
import type { Verdict } from "../walk/verdict.ts";

/** What a finding is about. */
export type FindingKind =
  | "fault"
  | "interrupt fault"
  | "queue error"
  | "descriptor"
  | "message"
  | "dump"
  | "registers"
  | "translation tables"
  | "page table"
  | "interrupt entries"
  | "mappings"
  | "other architecture"
  | "ACPI table";

/** A word with its fields, under a name. */
export interface ShownWord {
  readonly name: string;
  readonly value: string;
  readonly fields: readonly ShownField[];
  readonly note?: string;
}

/** What a dump comes to, walked for a fault. */
export interface WalkShown {
  /** One sentence for each check, in order. */
  readonly checks: readonly string[];
  readonly verdict: Verdict;
}

/** One thing that a paste says, explained. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: "error" | "warning" | "information";
  /** One line that says what it is. */
  readonly title: string;
  /** Lines where it stands: the first, the last, and how often. */
  readonly lines: { readonly first: number; readonly last: number };
  readonly count: number;
  /** What is known, by name; values that a program reads are in hexadecimal. */
  readonly facts: Readonly<Record<string, string>>;
  readonly entries: readonly ShownEntry[];
  readonly words: readonly ShownWord[];
  readonly walks: readonly WalkShown[];
  /** What the paste itself makes likely. */
  readonly hints: readonly string[];
  readonly usual: readonly string[];
  readonly next: readonly string[];
}

/** A finding with what most have not left out. */
export function finding(
  of: Pick<Finding, "kind" | "severity" | "title" | "lines"> & Partial<Finding>,
): Finding {
  const nothing = { entries: [], words: [], walks: [], hints: [], usual: [], next: [] };
  return { count: 1, facts: {}, ...nothing, ...of };
}
