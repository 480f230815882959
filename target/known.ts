import { ContextEntry } from "../events/context/context-entry.ts";
import { ExtendedContextEntry } from "../events/context/extended-context-entry.ts";
import { PasidEntry } from "../events/context/pasid-entry.ts";
import type { Fact } from "../events/fact.ts";
import { isScalable } from "../projections/context/context-path.ts";
import type { Guest } from "../projections/guest.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import type { World } from "../projections/world.ts";
import type { Avoidance, Contexts, Deviation } from "./deviation.ts";
import { entriesRead } from "./table-view.ts";

/** How what a target remembers of source-ids is followed, where it differs from the model. */
export interface TargetMemory {
  /** After a fact; the world is that after its step. */
  readonly after: (contexts: Contexts, fact: Fact, world: World) => Contexts;
  /** After a request of a source-id, by the guest before it. */
  readonly used: (contexts: Contexts, guest: Guest, source: number) => Contexts;
  /** Domain-ids under which the target may keep what a source-id uses. */
  readonly domains: (contexts: Contexts, guest: Guest, source: number) => readonly number[];
  /**
   * Whether it keeps translations by source-id, too, and so tells where one leads that it blocks
   * for lack of a right. Others serve every source-id of their domain-id.
   */
  readonly tagsBySource: boolean;
  /** Types of facts after which it has forgotten every translation. */
  readonly emptying: ReadonlySet<string>;
}

/** What is known of a target, and passed by. */
export interface Known {
  readonly deviations: readonly Deviation[];
  readonly avoided: readonly Avoidance[];
  readonly memory: TargetMemory;
  /** Whether devices are where DMA can get to, which may have done anything with it. */
  readonly hasDevices: boolean;
}

/** Nothing is remembered. */
export const noContexts: Contexts = { passing: new Set(), lately: new Set(), entries: new Map() };

/** The domain-ids of a source-id's entries, as the model keeps them and as they are by now. */
function domainsOf(guest: Guest, source: number): readonly number[] {
  const { did } = hostAt(guest.hosts, source, undefined) ?? {};
  const entries = entriesRead(guest, source).flatMap(({ table, entry }) => {
    if (entry === undefined) return [];
    if (table === "PASID entry") return PasidEntry.decode(entry).did;
    if (table === "extended context") return ExtendedContextEntry.decode(entry).did;
    return table === "context" && !isScalable(guest) ? ContextEntry.decode(entry).did : [];
  });
  return did === undefined ? entries : [did, ...entries];
}

/** Of a target that remembers nothing but what the model follows. */
const modelMemory: TargetMemory = {
  after: (contexts) => contexts,
  used: (contexts) => contexts,
  domains: (_, guest, source) => [...new Set(domainsOf(guest, source))],
  tagsBySource: false,
  emptying: new Set(["TranslationEnabled", "TranslationDisabled"]),
};

/** Of a target of which nothing is known. */
export const nothingKnown: Known = {
  deviations: [],
  avoided: [],
  memory: modelMemory,
  hasDevices: false,
};
