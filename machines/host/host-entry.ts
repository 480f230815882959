import type { HostState } from "../../events/fact.ts";
import { compileChart } from "../compile-chart.ts";
import type { FieldsOf, Given } from "../definition.ts";
import { tell, tellWith } from "../definition.ts";

/** What the host's IOMMU does with the requests of one source-id, or of one of its PASIDs. */
export type HostEntryState = "unassigned" | HostState;

/** What the guest's entries say of the requests. */
export type Meaning = "fault" | "passThrough" | "secondStage" | "firstStage" | "nested" | "other";

type Entry = Omit<FieldsOf<"HostEntryChanged">, "state">;

interface Resolve {
  readonly type: "Resolve";
  /** `other` is something that the host cannot do. */
  readonly means: Meaning;
  /** The devices are behind a physical IOMMU. */
  readonly physical: boolean;
  /** CAP.CM: software announces every change of second-stage tables. */
  readonly cachingMode: boolean;
  readonly entry: Entry;
}
interface Drop {
  readonly type: "Drop";
  readonly dropped: FieldsOf<"HostEntryDropped">;
}

/** The guest's entries were read again; or the host entry goes. */
export type HostEntryStimulus = Resolve | Drop;

type Told = "HostEntryChanged" | "HostEntryDropped";

type About = Given<Pick<Resolve, "means" | "physical" | "cachingMode">>;

const becomes = <State extends HostState>(state: State) =>
  ({
    target: `.${state}`,
    actions: tellWith("HostEntryChanged", { state }, ({ event }: Given<Resolve>) => event.entry),
  }) as const;
const dropped = tell("HostEntryDropped", ({ event }: Given<Drop>) => event.dropped);

/**
 * The host's entry for one requester. What faults stays blocked; what needs no table of the guest's
 * passes; device models ask for translations; a physical device has its second stage shadowed,
 * which takes caching mode, or its first stage walked where it is.
 */
export const hostEntry = compileChart<HostEntryState, HostEntryStimulus, Told>()({
  id: "host entry",
  initial: "unassigned",
  guards: {
    faults: ({ event }: About) => event.means === "fault",
    passes: ({ event }: About) => event.means === "passThrough",
    isUnknown: ({ event }: About) => event.means === "other",
    isVirtual: ({ event }: About) => !event.physical,
    isFirstStage: ({ event }: About) => event.means === "firstStage",
    cannotShadow: ({ event }: About) => !event.cachingMode,
    isNested: ({ event }: About) => event.means === "nested",
  },
  states: {
    unassigned: {},
    blocked: {},
    passThrough: {},
    shadowed: {},
    nested: {},
    virtual: {},
    refused: {},
  },
  on: {
    Resolve: [
      { guard: "faults", ...becomes("blocked") },
      { guard: "passes", ...becomes("passThrough") },
      { guard: "isUnknown", ...becomes("refused") },
      { guard: "isVirtual", ...becomes("virtual") },
      { guard: "isFirstStage", ...becomes("nested") },
      { guard: "cannotShadow", ...becomes("refused") },
      { guard: "isNested", ...becomes("nested") },
      becomes("shadowed"),
    ],
    Drop: { target: ".unassigned", actions: dropped },
  },
});
