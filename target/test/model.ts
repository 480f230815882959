import type { Gpa, SourceId } from "../../events/address.ts";
import { gpa, iova, sourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import { messageOf } from "../../properties/judge-interrupt.ts";
import { find } from "../../properties/laws/requests.ts";
import { imageOf, memoryAt } from "../image.ts";
import type { Ability, Implementation, PageResponse, UnitWords } from "../implementation.ts";
import { requesterOf, requesters } from "../machine.ts";
import { setupOf } from "../setup.ts";

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

/** The model itself as a target: nothing that the campaign asks of it can differ. */
export function modelTarget(words: UnitWords, can: readonly Ability[]): Implementation {
  let world = createWorld({ guests: [setupOf(words)] });
  const guest = () => {
    const [first] = world.guests;
    if (first === undefined) throw new Error("there is no guest");
    return first;
  };
  const take = (input: Input): readonly Fact[] => {
    const folded = fold(world, input);
    world = folded.world;
    return folded.facts;
  };
  const say = (facts: readonly Fact[]) => ({
    ...{ messages: messagesIn(facts), responses: answersIn(facts) },
  });
  return {
    ...{ name: "the model", ...words, can },
    reset: (unit) => {
      world = createWorld({ guests: [setupOf(unit)] });
      return {};
    },
    writeRegister: (write) => say(take({ type: "RegisterWrite", ...write })),
    readRegisters: ({ offset, length }) => ({
      bytes: imageOf(guest(), 4096).slice(offset, offset + length),
    }),
    writeMemory: ({ address, bytes }) =>
      say(take({ type: "MemoryWrite", gpa: gpa(address), bytes, flushed: true })),
    readMemory: ({ address, length }) => ({ bytes: bytesAt(address, length) }),
    dma: ({ source, address, ...rest }) => {
      const input = {
        type: "Dma",
        device: deviceOf(source),
        iova: iova(address),
        ...rest,
      } as const;
      const facts = take(input);
      const landed = find(facts, "DmaLanded");
      const reason = find(facts, "DmaBlocked")?.reason;
      if (reason !== undefined) {
        const suppressed = find(facts, "FaultSuppressed") !== undefined;
        return { fault: reason, suppressed, ...say(facts) };
      }
      const at: Gpa = landed?.gpa ?? gpa(address);
      const bytes = rest.access === "read" ? { bytes: memoryAt(guest(), at, rest.length) } : {};
      return { at, ...bytes, ...say(facts) };
    },
    interrupt: ({ source, address, data }) => {
      const facts = take({ type: "MsiRequest", device: deviceOf(source), address, data });
      const blocked = find(facts, "InterruptBlocked");
      if (blocked !== undefined) return { fault: blocked.reason, ...say(facts) };
      const sent = find(facts, "InterruptDelivered");
      if (sent === undefined) return say(facts);
      const message = sent.index === undefined ? { address, data } : messageOf(sent, address);
      return { ...message, ...say(facts) };
    },
    translate: ({ source, address, ...rest }) => {
      const asked = { type: "AtsRequest", device: deviceOf(source), iova: iova(address) } as const;
      const facts = take({ ...asked, ...rest });
      const { gpa: at, read = false, write = false } = find(facts, "TranslationAnswered") ?? {};
      const fault = find(facts, "TranslationBlocked")?.reason;
      const granted = { ...(at === undefined ? {} : { at }), read, write };
      return { ...granted, ...(fault === undefined ? {} : { fault }), ...say(facts) };
    },
    pageRequest: ({ source, address, ...rest }) => {
      const asked = { type: "PageRequest", device: deviceOf(source), iova: iova(address) } as const;
      return say(take({ ...asked, ...rest }));
    },
    deviceAnswer: ({ source, result }) =>
      say(take({ type: "DeviceTlbAnswer", device: deviceOf(source), result })),
  };

  function bytesAt(address: bigint, length: number): Uint8Array {
    const all = new Uint8Array(length);
    for (let at = 0; at < length; at += 4096) {
      all.set(memoryAt(guest(), address + BigInt(at), 4096), at);
    }
    return all;
  }
}
