import type { Bug } from "./bug.ts";

const phases = "calls/phases.ts";
const content = "calls/host-content.ts";
const run = "calls/host-run.ts";
const target = "calls/requester-target.ts";
const requesters = "calls/requester-calls.ts";
const spaces = "calls/space-calls.ts";
const tables = "calls/table-calls.ts";
const whole = "calls/calls-of.ts";

/** Mistakes in what is asked of the host's kernel. */
export const hostCallBugs: readonly Bug[] = [
  {
    id: "host-destroyed-in-use",
    what: "What nobody is to use any more is destroyed before requesters have left it.",
    file: phases,
    find: "  ...moved,\n  ...more,\n  ...tables,\n  ...spaces,\n",
    replace: "  ...tables,\n  ...spaces,\n  ...moved,\n  ...more,\n",
    law: "HC3",
  },
  {
    id: "host-mapped-over",
    what: "What is new is mapped before what was there is unmapped.",
    file: phases,
    find: "  ...less,\n  ...made,\n  ...moved,\n  ...more,\n",
    replace: "  ...more,\n  ...less,\n  ...made,\n  ...moved,\n",
    law: "HC3",
  },
  {
    id: "host-attached-early",
    what: "Requesters are let to new spaces before these are made.",
    file: phases,
    find: "  ...less,\n  ...made,\n  ...moved,\n",
    replace: "  ...less,\n  ...moved,\n  ...made,\n",
    law: "HC3",
  },
  {
    id: "host-unmap-forgotten",
    what: "What the guest or the toolstack takes away stays mapped.",
    file: spaces,
    find: "  addAll(phases.less, unmapCalls(space, removed));\n",
    replace: "  if (removed.length > added.length) return;\n",
    law: "HC1",
  },
  {
    id: "host-flush-forgotten",
    what: "The host does not forget what it cached of first stages.",
    file: whole,
    find: "addAll(phases.less, tableInvalidations(before, after, touched.invalidations));",
    replace: "tableInvalidations(before, after, touched.invalidations);",
    law: "HC1",
  },
  {
    id: "host-flush-short",
    what: "The first range of pages of a first stage that is to be forgotten is not.",
    file: tables,
    find: "return joined(asked).map((",
    replace: "return joined(asked).slice(1).map((",
    law: "HC1",
  },
  {
    id: "host-flush-leaves",
    what: "The host keeps the tables on the way when it forgets pages.",
    file: tables,
    find: "leafOnly: fact.leafOnly === true",
    replace: "leafOnly: true",
    law: "HC1",
  },
  {
    id: "host-second-root",
    what: "The host's hardware begins its walk at the guest's second stage.",
    file: target,
    find: "root: gpaOfPage(stage.root),",
    replace: "root: gpaOfPage(stage.second?.root ?? stage.root),",
    law: "HC1",
  },
  {
    id: "host-pasid-forgotten",
    what: "What one PASID is sent to, all requests without PASID are.",
    file: requesters,
    find: "    move(phases, { source, pasid }, targetOf(before, was), targetOf(after, is));",
    replace:
      "    move(phases, requesterOf({ source } as HostEntry), " +
      "targetOf(before, was), targetOf(after, is));",
    law: "HC1",
  },
  {
    id: "host-alias-forgotten",
    what: "Requests that carry a bridge's source-id are nobody's to the host.",
    file: target,
    find: "isKeptOut(guest, entry.source, entry.pasid) || allFault(entry)",
    replace:
      "isKeptOut(guest, entry.source, entry.pasid) || allFault(entry) || " +
      "deviceBehind(guest, entry.source)?.source !== entry.source",
    law: "HC1",
  },
  {
    id: "host-kept-out-attached",
    what: "A requester that is kept out stays where it was.",
    file: target,
    find: "isKeptOut(guest, entry.source, entry.pasid) || allFault(entry)",
    replace: "isKeptOut(guest, entry.source, 0) || allFault(entry)",
    law: "HC1",
  },
  {
    id: "host-rights-mixed-up",
    what: "Supervisor requests are let through where requests to execute are.",
    file: target,
    find: "  sre,\n  ere,\n",
    replace: "  sre: ere,\n  ere,\n",
    law: "HC1",
  },
  {
    id: "host-protected-mapped",
    what: "Devices that nothing translates for reach protected memory.",
    file: content,
    find: "return protectedRanges(guest).reduce(runsWithout, runs);",
    replace: "return protectedRanges(guest).slice(2).reduce(runsWithout, runs);",
    law: "HC1",
  },
  {
    id: "host-part-moved",
    what: "The rest of a mapping that is cut leads to where the mapping began.",
    file: run,
    find: "  frame: run.frame + skip,\n",
    replace: "",
    law: "HC1",
  },
  {
    id: "host-rights-joined",
    what: "A mapping goes on with the rights of the one before it.",
    file: run,
    find: "    last.frame + last.count === run.frame &&\n    sameRights(last, run);",
    replace: "    last.frame + last.count === run.frame;",
    law: "HC1",
  },
  {
    id: "host-dirty-forgotten",
    what: "A space that is made during a migration does not note what devices write.",
    file: spaces,
    find: "  if (dirtyTracking) made.push(",
    replace: "  if (dirtyTracking && space < 0) made.push(",
    law: "HC1",
  },
  {
    id: "host-failure-ignored",
    what: "After a call that was not answered in time everybody goes on.",
    file: whole,
    find: 'if (known === undefined || result === "done") return [];',
    replace: 'if (known === undefined || result !== "failed") return [];',
    law: "HC2",
  },
  {
    id: "host-failure-above",
    what: "A call that fails for a space concerns nobody who has a first stage over it.",
    file: "calls/concerned.ts",
    find: "  if (stage !== undefined) return spaceBelow(guest, stage);",
    replace: "  if (stage !== undefined) return spaceBelow(guest, stage) - 1;",
    law: "HC2",
  },
  {
    id: "host-taken-over-early",
    what: "When a host is taken over, the P2M is mapped once devices are attached.",
    file: whole,
    find: "  addAll(phases.made, mapCalls(space, p2mRuns(guest, everyPage)));",
    replace: "  addAll(phases.more, mapCalls(space, p2mRuns(guest, everyPage)));",
    law: "HC2",
  },
  {
    id: "host-answer-forgotten",
    what: "Of a group of page requests that is answered badly the device hears nothing.",
    file: whole,
    find: "if (device?.physical !== true) return [];",
    replace: 'if (device?.physical !== true || response !== "success") return [];',
    law: "HC3",
  },
];
