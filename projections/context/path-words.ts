import type { PathPart } from "../host/host-entry.ts";

/** Bytes of a guest page that resolving a request reads, as far as pointers lead now. */
export interface PathWords {
  readonly page: number;
  readonly offset: number;
  readonly bytes: number;
  readonly part: PathPart;
}
