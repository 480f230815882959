/** Where a scalable-mode context entry leads to. */
export interface Directory {
  readonly kind: "directory";
  readonly fpd: boolean;
  readonly pointer: bigint;
  /** Bits of the PASIDs that the directory has entries for. */
  readonly pasidBits: number;
  readonly pasidEnabled: boolean;
  /** The PASID of requests without one, and whether those are privileged. */
  readonly ridPasid: number;
  readonly ridPrivileged: boolean;
}
