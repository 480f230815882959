import { hex } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import { FaultRecord } from "../events/fault/fault-record.ts";
import type { Input } from "../events/input.ts";
import { masksOf } from "../events/layout/layout.ts";
import { Ccmd } from "../events/registers/command.ts";
import { Iotlb } from "../events/registers/iotlb.ts";
import type { World } from "../projections/world.ts";
import type { Situation } from "./deviation.ts";
import type { RegisterDifference } from "./image.ts";
import { differingRegisters } from "./image.ts";
import { messagesOf, modelGrant, responsesOf, textOfMessage } from "./message.ts";
import type { Seen } from "./sight.ts";

/** Fields of a fault record that belong to requests with PASID. */
const { f, pp, pv, priv, exe } = masksOf(FaultRecord);
const pasidFields = pv | priv | exe;

/** CAIG and IAIG: the granularity that was used. */
const granularity: ReadonlyMap<string, bigint> = new Map([
  ["CCMD", Ccmd.mask("caig")],
  ["IOTLB", Iotlb.mask("iaig")],
]);

/** Whether the architecture leaves it to the unit what a register shows. */
function isOpen({ name, model, target }: RegisterDifference): boolean {
  // The other fields of a record mean something while F is set.
  if (name.startsWith("FRCD")) {
    if (((model | target) & f) === 0n) return true;
    // PV, PRIV and EXE mean something where PP is set.
    return (model & pp) === 0n && (model & ~pasidFields) === (target & ~pasidFields);
  }
  // More than what was asked for may be invalidated, and CAIG and IAIG say so.
  const used = granularity.get(name);
  if (used !== undefined) {
    const isSame = (model & ~used) === (target & ~used);
    return isSame && (target & used) > 0n && (target & used) <= (model & used);
  }
  // IQEI 0: nothing is said about the error.
  return name === "IQERCD" && target === 0n && model < 16n;
}

/** Something that differs at one step, before anybody has looked whether it is known. */
export type Raw = Pick<Situation, "what" | "target" | "model" | "register" | "allowed">;

/** Compares what does not depend on a choice: registers and messages. */
export function rawDifferences(
  input: Input,
  seen: Seen,
  world: World,
  facts: readonly Fact[],
): Raw[] {
  const [guest] = world.guests;
  if (guest === undefined) return [];
  const differing = differingRegisters(guest, seen.registers).filter((each) => !isOpen(each));
  const found = differing.map((register): Raw => {
    const { name, target, model } = register;
    return { what: "register", register, target: `${name} ${hex(target)}`, model: hex(model) };
  });
  if (!seen.isTraced) return found;
  const wanted = messagesOf(facts, input);
  const got = seen.observed;
  const [target, model] = [got.events, wanted.events].map((all) => all.join() || "no message");
  if (target !== model) found.push({ what: "event", target: target ?? "", model: model ?? "" });
  const answers = [got.responses ?? [], responsesOf(facts)].map((all) => all.join() || "no answer");
  if (answers[0] !== answers[1]) {
    found.push({ what: "event", target: answers[0] ?? "", model: answers[1] ?? "" });
  }
  const { granted } = got;
  const grant = granted === undefined ? undefined : modelGrant(facts);
  if (granted !== undefined && grant !== undefined && granted !== grant) {
    found.push({ what: "answer", target: granted, model: grant });
  }
  const message = got.message && textOfMessage(got.message);
  if (input.type === "MsiRequest" && wanted.message !== message) {
    const texts = [message, wanted.message].map((each) => each ?? "no interrupt");
    found.push({ what: "interrupt", target: texts[0] ?? "", model: texts[1] ?? "" });
  }
  return found;
}

/** Something that the target did otherwise than the model, and than it might. */
export interface Difference {
  /** Which step of the plan, from 0; the number of steps when only the end shows it. */
  readonly at: number;
  readonly what: "register" | "answer" | "dma" | "data" | "event" | "interrupt" | "memory";
  readonly text: string;
  /** The model before and after the step, as far as it went along. */
  readonly before: World;
  readonly after: World;
  readonly facts: readonly Fact[];
  /** All that differs at the step, each with what either side did. */
  readonly sides: readonly Raw[];
  /** Bytes that show the difference afterwards: of memory, or of a device's buffer. */
  readonly bytes?: DifferingBytes;
}

/** Where bytes are that differ in the end. */
export interface DifferingBytes {
  /** Address in memory, or in the buffer of the device. */
  readonly at: number;
  readonly device?: number;
  readonly target: Uint8Array;
  readonly model: Uint8Array;
}

/** A difference in one line. */
export const textOf = ({ what, target, model }: Raw): string =>
  `${what}: ${target}, the model: ${model}`;
