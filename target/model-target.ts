import type { SourceId } from "../events/address.ts";
import { gpa, iova, sourceId } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import type { Guest } from "../projections/guest.ts";
import { withAllSeen } from "../projections/memory/seen.ts";
import type { World } from "../projections/world.ts";
import { messageOf } from "../properties/judge-interrupt.ts";
import { find } from "../properties/laws/requests.ts";
import { imageOf, memoryAt } from "./image.ts";
import type {
  Ability,
  DmaAnswer,
  DmaRequest,
  Implementation,
  InterruptAnswer,
  InterruptRequest,
  PageResponse,
  TranslationAnswer,
  TranslationRequest,
  UnitWords,
} from "./implementation.ts";
import { landingOf } from "./landing.ts";
import { requesterOf, requesters } from "./machine.ts";
import { setupOf } from "./setup.ts";

/** The device whose requests carry a source-id. */
const deviceOf = (source: number): SourceId =>
  sourceId(requesters.find(({ alias }) => alias === source)?.bdf ?? source);

const messagesIn = (facts: readonly Fact[]) =>
  facts.flatMap((fact) =>
    fact.type === "EventSent" ? [{ address: fact.address, data: fact.data }] : [],
  );

const answersIn = (facts: readonly Fact[]): readonly PageResponse[] =>
  facts.flatMap((fact) => {
    if (fact.type !== "PageGroupAnswered") return [];
    const { device, group, pasid, response: code } = fact;
    const source = requesterOf(device);
    return [{ source, group, code, ...(pasid === undefined ? {} : { pasid }) }];
  });

/** How the model is a target: what its devices are, and who looks at it or changes it. */
export interface Watching {
  /** Whether its devices are physical ones, behind a shadow, and not emulated. */
  readonly physical?: boolean;
  /** Told of each input that was taken, with what followed and the guest before and after it. */
  readonly watch?: (input: Input, facts: readonly Fact[], before: Guest, after: Guest) => void;
  /** Makes another world of it before each input, such as one that has forgotten something. */
  readonly change?: (world: World) => World;
}

/** The model's world, which changes as inputs are taken. */
interface Held extends Watching {
  world: World;
}

const guestOf = ({ world }: Held): Guest => {
  const [guest] = world.guests;
  if (guest === undefined) throw new Error("there is no guest");
  return guest;
};

function take(held: Held, input: Input): readonly Fact[] {
  if (held.change !== undefined) held.world = held.change(held.world);
  const before = guestOf(held);
  const { world, facts } = fold(held.world, input);
  held.world = withAllSeen(world);
  held.watch?.(input, facts, before, guestOf(held));
  return facts;
}

const say = (facts: readonly Fact[]) => ({
  messages: messagesIn(facts),
  responses: answersIn(facts),
});

function dma(held: Held, { source, address, ...rest }: DmaRequest): DmaAnswer {
  const asked = { type: "Dma", device: deviceOf(source), iova: iova(address) } as const;
  const facts = take(held, { ...asked, ...rest });
  const fault = find(facts, "DmaBlocked")?.reason;
  if (fault !== undefined) {
    return { fault, suppressed: find(facts, "FaultSuppressed") !== undefined, ...say(facts) };
  }
  if (find(facts, "DmaBlocked")?.host === "protected") return { blocked: true, ...say(facts) };
  const at = landingOf(facts)?.gpa ?? address;
  const isRead = rest.access === "read";
  const bytes = isRead ? { bytes: memoryAt(guestOf(held), at, rest.length) } : {};
  return { at, ...bytes, ...say(facts) };
}

function interrupt(held: Held, { source, address, data }: InterruptRequest): InterruptAnswer {
  const facts = take(held, { type: "MsiRequest", device: deviceOf(source), address, data });
  const blocked = find(facts, "InterruptBlocked");
  if (blocked !== undefined) return { fault: blocked.reason, ...say(facts) };
  const sent = find(facts, "InterruptDelivered");
  if (sent === undefined) return say(facts);
  const message = sent.index === undefined ? { address, data } : messageOf(sent, address);
  return { ...message, ...say(facts) };
}

function translate(held: Held, asked: TranslationRequest): TranslationAnswer {
  const { source, address, ...rest } = asked;
  const device = deviceOf(source);
  const facts = take(held, { type: "AtsRequest", device, iova: iova(address), ...rest });
  const { gpa: at, read = false, write = false } = find(facts, "TranslationAnswered") ?? {};
  const fault = find(facts, "TranslationBlocked")?.reason;
  const granted = { ...(at === undefined ? {} : { at }), read, write };
  return { ...granted, ...(fault === undefined ? {} : { fault }), ...say(facts) };
}

function bytesAt(held: Held, address: bigint, length: number): Uint8Array {
  const all = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const from = address + BigInt(at);
    const count = Math.min(4096 - Number(from & 0xfffn), length - at);
    all.set(memoryAt(guestOf(held), from, count), at);
    at += count;
  }
  return all;
}

/** The model itself as a target: nothing that the campaign asks of it can differ. */
export function modelTarget(
  { ver, cap, ecap }: UnitWords,
  can: readonly Ability[],
  watching: Watching = {},
): Implementation {
  const world = createWorld({ guests: [setupOf({ ver, cap, ecap }, watching.physical)] });
  const held: Held = { ...watching, world };
  return {
    ...{ name: "the model", ver, cap, ecap, can },
    reset: (unit) => {
      held.world = createWorld({ guests: [setupOf(unit, watching.physical)] });
      return {};
    },
    writeRegister: (write) => say(take(held, { type: "RegisterWrite", ...write })),
    readRegisters: ({ offset, length }) => ({
      bytes: imageOf(guestOf(held), 4096).slice(offset, offset + length),
    }),
    writeMemory: ({ address, bytes }) =>
      say(take(held, { type: "MemoryWrite", gpa: gpa(address), bytes, flushed: true })),
    readMemory: ({ address, length }) => ({ bytes: bytesAt(held, address, length) }),
    dma: (request) => dma(held, request),
    interrupt: (request) => interrupt(held, request),
    translate: (request) => translate(held, request),
    pageRequest: ({ source, address, ...rest }) => {
      const asked = { type: "PageRequest", device: deviceOf(source), iova: iova(address) } as const;
      return say(take(held, { ...asked, ...rest }));
    },
    deviceAnswer: ({ source, result }) =>
      say(take(held, { type: "DeviceTlbAnswer", device: deviceOf(source), result })),
  };
}
