import { formatSourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Step } from "../../history/step.ts";
import type { Count } from "./law.ts";
import { guestIndex } from "./run.ts";

/** A group of page requests that a device has sent and that has no answer. */
interface Group {
  readonly device: number;
  readonly group: number;
  readonly pasid: number | undefined;
  /** Its last request was sent. */
  readonly complete: boolean;
}

type Groups = Map<string, Group>;

const nameOf = ({ device, group }: Pick<Group, "device" | "group">): string =>
  `group ${group} of ${formatSourceId(device)}`;

/** What follows from one fact. @returns what is wrong with it. */
function follow(groups: Groups, fact: Fact, count: Count): string | undefined {
  if (fact.type === "DeviceRemoved") {
    for (const [name, { device }] of groups) if (device === fact.device) groups.delete(name);
  }
  if (fact.type === "UnitDestroyed") groups.clear();
  if (fact.type === "PageRequested") {
    const { device, group, pasid, last: complete } = fact;
    const known = groups.get(nameOf(fact));
    if (known?.complete === true) return `${nameOf(fact)} is used again before its answer`;
    if (known !== undefined && known.pasid !== pasid) return `${nameOf(fact)} has two PASIDs`;
    groups.set(nameOf(fact), { device, group, pasid, complete });
  }
  if (fact.type !== "PageGroupAnswered" && fact.type !== "PageGroupIgnored") return undefined;
  const known = groups.get(nameOf(fact));
  const waits = known?.complete === true && known.pasid === fact.pasid;
  if (fact.type === "PageGroupIgnored") {
    return waits ? `the answer to ${nameOf(fact)} is ignored` : undefined;
  }
  count(fact.automatic === true ? "answered automatically" : "answered by software");
  groups.delete(nameOf(fact));
  return waits ? undefined : `${nameOf(fact)} is answered, and does not wait`;
}

/** Whether a device that is told to wait for an answer has one to wait for. */
function checkRefused(groups: Groups, { input, facts }: Step): string | undefined {
  const [fact] = facts;
  if (input.type !== "PageRequest" || fact?.type !== "InputRefused") return undefined;
  if (!/waits for the answer/.test(fact.why)) return undefined;
  const waits = groups.get(nameOf(input))?.complete === true;
  return waits ? undefined : `${nameOf(input)} waits for no answer`;
}

/** A stop marker asks for nothing: it ends no group, and nobody answers it. */
function checkStopMarker({ input, facts }: Step, count: Count): string | undefined {
  if (input.type !== "PageRequest" || !input.last || input.read || input.write) return undefined;
  const answer = facts.find(({ type }) => /^PageGroup/.test(type));
  if (facts[0]?.type !== "InputRefused") count("stop marker");
  return answer && `a stop marker of ${nameOf(input)} is answered`;
}

/**
 * Follows the groups of a run step by step.
 *
 * @returns what says what is wrong with a step: a group has one answer, once it is complete.
 */
export function answersOnce(count: Count): (step: Step) => string | undefined {
  const guests = new Map<number, Groups>();
  return (step) => {
    const index = guestIndex(step.input);
    const groups = guests.get(index) ?? new Map<string, Group>();
    guests.set(index, groups);
    const refused = checkRefused(groups, step) ?? checkStopMarker(step, count);
    if (refused !== undefined) return refused;
    for (const fact of step.facts) {
      const text = follow(groups, fact, count);
      if (text !== undefined) return text;
    }
    return undefined;
  };
}
