import type { SourceId } from "../../events/address.ts";

/** One set of second-stage tables with a domain-id. */
export interface Domain {
  readonly did: number;
  readonly root: number;
  readonly levels: number;
}

/** One set of first-stage tables. */
export interface Stage {
  readonly root: number;
  readonly levels: 4 | 5;
}

/** What a PASID entry is to say: its kind, and the tables that it names. */
export interface Binding {
  readonly present: boolean;
  readonly pgtt: number;
  readonly did: number;
  readonly stage: Stage;
  readonly domain: Domain;
  /** All other bits: flags, and reserved ones by chance. */
  readonly bits: bigint;
}

/** What a driver believes of the tables of scalable mode. */
export interface Scalable {
  /** First-stage tables, each of which several PASID entries may name. */
  readonly stages: Stage[];
  /** PASID entries by GPA. */
  readonly bindings: Map<number, Binding>;
  /** The PASID directory and the RID_PASID of each source-id. */
  readonly contexts: Map<number, { readonly directory: number; readonly ridPasid: number }>;
  /** IOVA pages that it mapped in the first stage at some time. */
  readonly mapped: { readonly stage: Stage; readonly page: number }[];
  /** Table pages for the first stage that it never used or has freed. */
  free: readonly number[];
}

/** Who asks for which page, and what for. */
export interface Request {
  readonly device: SourceId;
  readonly page: number;
  readonly rights: {
    readonly pasid?: number;
    readonly privileged?: boolean;
    readonly execute?: boolean;
  };
}

/** A device that asked for something, with a PASID or without. */
export interface Asker {
  readonly device: SourceId;
  readonly pasid: number | undefined;
}
