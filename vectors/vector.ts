import type { Ability, PageResponse, Request, TargetMessage } from "../target/implementation.ts";

/** What the answer to a request has to be. A field that is missing here is missing there. */
export interface Expectation {
  readonly at?: bigint;
  readonly bytes?: Uint8Array;
  /** Bits of `bytes` that count; all when missing. */
  readonly mask?: Uint8Array;
  /** Other bytes that are as right as `bytes`. */
  readonly or?: Uint8Array;
  readonly fault?: number;
  readonly suppressed?: boolean;
  readonly blocked?: boolean;
  readonly address?: bigint;
  readonly data?: number;
  readonly read?: boolean;
  readonly write?: boolean;
  readonly messages?: readonly TargetMessage[];
  readonly responses?: readonly PageResponse[];
}

/** A request and what is to be answered. */
export interface VectorStep {
  readonly request: Request;
  readonly expect: Expectation;
  /** The register that is read, or what the step is about. */
  readonly about?: string;
}

/** A self-checking case: what to ask of a unit after a reset, and what it has to answer. */
export interface Vector {
  readonly id: string;
  /** Rules of SPEC.md that it shows. */
  readonly rules: readonly string[];
  /** One sentence: what it is about. */
  readonly why: string;
  /** What a target has to be able to do besides registers, memory and DMA. */
  readonly needs: readonly Ability[];
  readonly steps: readonly VectorStep[];
}
