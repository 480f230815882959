/**
 * What the vIOMMU asks of the host's kernel, in the neutral words that VMMs converged on. A guest's
 * calls are an exact sequence: each takes effect before the next one is made. Objects have numbers
 * that the caller chooses and never uses again for a guest.
 *
 * A *host space* is a second stage of the host: GPA to HPA (kind `p2m`, one for each guest, which
 * identity and nested translation use) or gIOVA to HPA (kind `shadow`). A *host table* is a first
 * stage of the guest that the host's hardware walks itself, over a host space. A *requester* is a
 * source-id as the hardware sees it, with a PASID or without.
 */
import type { Hpa, SourceId } from "../events/address.ts";

/** Whose requests a call is about: a source-id, with one PASID, or without PASID (`undefined`). */
export interface Requester {
  readonly source: SourceId;
  readonly pasid: number | undefined;
}

/**
 * Where a requester's requests go. One that is nowhere (never attached, or detached) is blocked.
 */
export type Target =
  | { readonly to: "space"; readonly space: number }
  | { readonly to: "table"; readonly table: number }
  | { readonly to: "blocked" };

/** What a first stage of the guest is to the hardware. */
export interface TableData {
  /** Address of the top table: a GPA, or what the guest's second stage maps, below `space`. */
  readonly root: bigint;
  readonly levels: 4 | 5;
  /** Supervisor requests, execute requests are allowed (of the PASID entry: SRE, ERE). */
  readonly sre: boolean;
  readonly ere: boolean;
  readonly wpe: boolean;
  readonly nxe: boolean;
  readonly smep: boolean;
  readonly eafe: boolean;
}

/** One call. Addresses and lengths are multiples of 4 KiB; a `length` is at least 4 KiB. */
export type Call =
  /** An empty space. */
  | { readonly call: "createSpace"; readonly space: number; readonly kind: "p2m" | "shadow" }
  /** Nobody is attached to it, and no table lies over it. */
  | { readonly call: "destroySpace"; readonly space: number }
  /**
   * Maps what was not mapped: `input` is a GPA or a gIOVA by the space's kind. The hardware needs
   * no flush to see it. An overlap with what is mapped is an error, and changes nothing.
   */
  | {
      readonly call: "map";
      readonly space: number;
      readonly input: bigint;
      readonly length: bigint;
      readonly host: Hpa;
      readonly read: boolean;
      readonly write: boolean;
    }
  /**
   * Unmaps everything from `input` on, holes included, and returns when no device can use it any
   * more. A mapping made by one `map` may be cut.
   */
  | {
      readonly call: "unmap";
      readonly space: number;
      readonly input: bigint;
      readonly length: bigint;
    }
  /** A first stage of the guest over a space. */
  | {
      readonly call: "createTable";
      readonly table: number;
      readonly over: number;
      readonly data: TableData;
    }
  /** Nobody is attached to it. */
  | { readonly call: "destroyTable"; readonly table: number }
  /**
   * Sends a requester's requests to `target` from now on, in place of where they went before if
   * anywhere, without a moment in which they go anywhere else; nothing cached before lives on.
   */
  | { readonly call: "attach"; readonly requester: Requester; readonly target: Target }
  /** The requester is blocked and forgotten. */
  | { readonly call: "detach"; readonly requester: Requester }
  /**
   * Forgets what the hardware cached of a table: of pages `input` to `input + length - 1`, or of
   * all when `input` is missing; with `leafOnly` the upper entries may stay.
   */
  | {
      readonly call: "invalidateTable";
      readonly table: number;
      readonly input: bigint | undefined;
      readonly length: bigint | undefined;
      readonly leafOnly: boolean;
    }
  /** Makes a device forget what it cached itself (ATS), of a range or all; waits for its answer. */
  | {
      readonly call: "invalidateDevice";
      readonly requester: Requester;
      readonly input: bigint | undefined;
      readonly length: bigint | undefined;
    }
  /** Answers a group of page requests that the host relayed. */
  | {
      readonly call: "answerPages";
      readonly requester: Requester;
      readonly group: number;
      readonly response: "success" | "invalid" | "failure";
    }
  /** The hardware notes (or no longer) in a space which pages devices wrote. */
  | { readonly call: "trackDirty"; readonly space: number; readonly enabled: boolean };

/** How a call ended; one that failed or timed out may have done nothing or all, never part. */
export type CallResult = "done" | "failed" | "timedOut";
