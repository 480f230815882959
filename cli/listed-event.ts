import type { SourceId } from "../events/address.ts";
import { formatSourceId } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { encodeFact, encodeInput } from "../events/log/log.ts";
import type { Expression } from "../history/expression/expression.ts";
import type { Step } from "../history/step.ts";
import { deviceAt, deviceBehind } from "../projections/device/devices.ts";
import type { World } from "../projections/world.ts";
import { checkEvent } from "./folding.ts";
import { InputError } from "./input-error.ts";
import { renderEvent } from "./render/event.ts";
import { openHint } from "./render/open-hint.ts";
import type { Run } from "./run.ts";

/** Which events are listed, and how. */
export interface ListOptions {
  readonly from: number;
  readonly to?: number;
  readonly device?: SourceId;
  readonly type?: ReadonlySet<string>;
  readonly guest?: number;
  readonly pasid?: number;
  readonly where?: Expression;
  readonly json?: true;
}

/** The device that an event is about. */
export const deviceOf = (event: Input | Fact): number | undefined => {
  if ("device" in event) return event.device;
  return "source" in event ? event.source : undefined;
};

/**
 * Whether an event is about a PASID: it carries it, is about what is kept of one, or follows from
 * an input that carries it and names no other.
 */
function isAboutPasid(event: Input | Fact, pasid: number, step: Step): boolean {
  const { before, after, input } = step;
  if ("pasid" in event && event.pasid !== undefined) return event.pasid === pasid;
  if ("pasid" in input && input.pasid === pasid) return true;
  if (event.type === "HostEntryChanged") return event.tag === pasid;
  if (!("space" in event) || event.space === undefined) return false;
  const [index, id] = [event.guest ?? 0, event.space];
  return [after, before].some((world) => world.guests[index]?.spaces[id]?.pasid === pasid);
}

/** Whether an event is listed, whatever `--where` says. */
export function isWanted(
  options: ListOptions,
  step: Step,
  seq: number,
  event: Input | Fact,
): boolean {
  if (seq < options.from || seq > (options.to ?? Number.POSITIVE_INFINITY)) return false;
  if (options.guest !== undefined && (event.guest ?? 0) !== options.guest) return false;
  if (options.type !== undefined && !options.type.has(event.type)) return false;
  if (options.pasid !== undefined && !isAboutPasid(event, options.pasid, step)) return false;
  return options.device === undefined || deviceOf(event) === options.device;
}

/** An event as it is listed. */
export const textOf = (
  { terminal }: Run,
  { json }: ListOptions,
  seq: number,
  step: Step,
): string => {
  const fact = step.facts[seq - step.seq - 1];
  if (fact !== undefined) {
    return json
      ? `${encodeFact(seq, step.seq, fact)}\n`
      : renderEvent(terminal, seq, step.seq, fact);
  }
  const { input } = step;
  return json ? `${encodeInput(seq, input)}\n` : renderEvent(terminal, seq, undefined, input);
};

/** Says how the last event that was listed is opened. */
export function tellLast(run: Run, file: string, { json }: ListOptions, last?: number): void {
  if (json !== true && last !== undefined) run.terminal.out(openHint(run.terminal, file, last));
}

const hasDevice = ({ guests }: World, device: SourceId): boolean =>
  guests.some(
    (guest) => deviceAt(guest, device) !== undefined || deviceBehind(guest, device) !== undefined,
  );

/**
 * Checks that a list without an event is not one because the filters ask for what is not there.
 *
 * @throws InputError that names what is not there.
 */
export function checkFilters(
  file: string,
  world: World,
  options: ListOptions,
  wasSeen: boolean,
): void {
  checkEvent(file, world.seq, options.from);
  const { device } = options;
  if (device === undefined || wasSeen || hasDevice(world, device)) return;
  throw new InputError(`${file}: there is no device ${formatSourceId(device)} in these events`);
}
