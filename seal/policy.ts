import type { PublicKey } from "./key.ts";

/** How many of which must have cosigned; a member is a witness's key or a rule again. */
export interface Quorum {
  readonly atLeast: number;
  readonly members: readonly (PublicKey | Quorum)[];
}

/** Whose checkpoints are believed. C2SP tlog-policy. */
export interface Policy {
  /** The keys of logs; each signs for the origin of its name, unless `origin` says another. */
  readonly logs: readonly PublicKey[];
  /** The witnesses' keys. */
  readonly witnesses: readonly PublicKey[];
  /** `undefined` where no witness is needed. */
  readonly quorum: Quorum | undefined;
  /** The origin that all checkpoints are to have. */
  readonly origin?: string;
}

/** Whether those who cosigned are enough. */
export function isQuorum(quorum: Quorum, cosigned: ReadonlySet<PublicKey>): boolean {
  const met = quorum.members.filter((member) =>
    "material" in member ? cosigned.has(member) : isQuorum(member, cosigned),
  );
  return met.length >= quorum.atLeast;
}
