import { produce } from "immer";
import type { Fact, FactOf } from "../../events/fact.ts";
import { faultRecording } from "../../machines/fault/fault-recording.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import type { Faults } from "./faults.ts";

function recorded(faults: Faults, fact: FactOf<"FaultRecorded">): Faults {
  const { index, source, reason, page, access, pasid, request } = fact;
  const [privileged, execute] = [fact.privileged === true, fact.execute === true];
  const read = access === "read" && request !== "page";
  return produce(faults, (draft) => {
    draft.state = faultRecording.after(faults.state, fact, faults);
    draft.records[index] = { source, reason, page, read, pasid, privileged, execute, request };
    draft.next = (index + 1) % draft.records.length;
    if (!faults.records.some((record) => record !== undefined)) draft.first = index;
  });
}

const cleared = (faults: Faults, fact: FactOf<"FaultCleared">): Faults =>
  produce(faults, (draft) => {
    draft.state = faultRecording.after(faults.state, fact, faults);
    draft.records[fact.index] = undefined;
  });

/** The chart alone moves. */
function move(guest: Draft<Guest>, fact: Fact): void {
  const { faults } = guest;
  guest.faults = { ...faults, state: faultRecording.after(faults.state, fact, faults) };
}

/** What facts about fault recording do. */
export const faultEvolvers: Evolvers = {
  FaultRecorded: (guest, fact) => {
    guest.faults = recorded(guest.faults, fact);
  },
  FaultCleared: (guest, fact) => {
    guest.faults = cleared(guest.faults, fact);
  },
  FaultOverflowed: move,
  OverflowCleared: move,
};
