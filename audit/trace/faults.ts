import type { Faulted, FaultFields, Observation } from "./observation.ts";

/** Whether two tell of the same, as far as both do. */
const same = <T>(a: T | undefined, b: T | undefined): boolean =>
  a === undefined || b === undefined || a === b;

/** Whether what is told of a fault may be about the request to an address of a device. */
const mayBe = (of: FaultFields, { source, iova }: FaultFields): boolean =>
  same(of.source, source) && same(of.iova, iova) && of.index === undefined;

/** The members that have a value. */
const known = (fields: FaultFields): FaultFields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/**
 * The observations with everything that is told of one fault in one place: what a message says of
 * the entry comes before the fault's own line, and whose request it was, and that the guest was not
 * told, behind it. Most messages are printed once in a run, so that any of the three may be alone.
 */
export function withWholeFaults(observations: readonly Observation[]): readonly Observation[] {
  const whole: Observation[] = [];
  /** A message that no fault has followed yet. */
  let open: Faulted | undefined;
  /** Where the newest fault is, until something says that its request is over. */
  let newest: number | undefined;
  const add = (fault: Faulted): void => {
    newest = whole.length;
    whole.push(fault);
  };
  const close = (): void => {
    if (open !== undefined) add(open);
    open = undefined;
  };
  const fill = (fields: FaultFields): boolean => {
    const fault = newest === undefined ? undefined : whole[newest];
    if (fault?.kind !== "faulted" || newest === undefined) return false;
    if (fields.iova !== undefined && !mayBe(fault, fields)) return false;
    whole[newest] = { ...fault, ...fields };
    return true;
  };
  for (const seen of observations) {
    const { line } = seen;
    if (seen.kind === "faultDetail") {
      close();
      open = { ...seen, kind: "faulted" };
      // An interrupt's message says everything at once.
      if (seen.index !== undefined) close();
    } else if (seen.kind === "faulted") {
      const told = open !== undefined && mayBe(open, seen) ? known(open) : {};
      if (open !== undefined && !mayBe(open, seen)) close();
      open = undefined;
      add({ ...told, ...known(seen), kind: "faulted", line });
    } else if (seen.kind === "translationFailed") {
      close();
      const { source, iova } = seen;
      if (!fill({ source, iova })) add({ kind: "faulted", line, source, iova });
      newest = undefined;
    } else if (seen.kind === "faultUnrecorded") {
      close();
      const { unrecorded } = seen;
      if (!fill({ unrecorded })) add({ kind: "faulted", line, unrecorded });
    } else whole.push(seen);
  }
  close();
  return whole;
}
