import { bytesOfNumber } from "../../events/acpi/little-endian.ts";
import { hex } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { eduDevices } from "../qtest/machine.ts";
import type { Difference, DifferingBytes } from "./difference.ts";
import { textOf } from "./difference.ts";
import type { Comparing } from "./fold-dma.ts";
import { differingWords } from "./image.ts";
import type { Plan } from "./plan.ts";
import type { Sight } from "./sight.ts";

const nothing: Input = { type: "Note", text: "the end" };

type Shown = Pick<Difference, "at" | "what" | "text"> & { readonly bytes: DifferingBytes };

/** What a device read otherwise than in the model. */
function differingRead({ reads }: Comparing, { buffers }: Sight): Shown | undefined {
  for (const { at, bdf, slot, bytes: model } of reads) {
    const buffer = buffers.get(eduDevices.findIndex((each) => each.bdf === bdf));
    const target = buffer?.slice(slot, slot + model.length) ?? new Uint8Array();
    if (Buffer.compare(target, model) === 0) continue;
    const [found = "", wanted = ""] = [target, model].map((all) =>
      Buffer.from(all).toString("hex"),
    );
    const text = `the device read ${found}, in the model ${wanted}`;
    return { at, what: "data", text, bytes: { at: slot, device: bdf, target, model } };
  }
  return undefined;
}

/** The first word of memory that is not as in the model, and that nothing explains. */
function differingMemory(state: Comparing, at: number, { memory }: Sight): Shown | undefined {
  const { world, past, deviations, met } = state;
  const [guest] = world.guests;
  if (guest === undefined) return undefined;
  const about = { input: nothing, before: guest, after: guest, world, past, facts: [] };
  for (const word of differingWords(guest, memory)) {
    const what = "memory" as const;
    const sides = { target: hex(word.target), model: hex(word.model) };
    const situation = {
      ...about,
      what,
      ...sides,
      address: word.at,
      reached: undefined,
      message: undefined,
      isTraced: false,
    };
    const known = deviations.find((one) => one.explains(situation) !== undefined);
    if (known !== undefined) {
      met.set(known.id, (met.get(known.id) ?? 0) + 1);
      continue;
    }
    const text = `memory at ${hex(word.at)}: ${textOf(situation)}`;
    const bytesOf = (value: number): Uint8Array => bytesOfNumber(BigInt(value), 4);
    const [target, model] = [bytesOf(word.target), bytesOf(word.model)];
    return { at, what, text, bytes: { at: word.at, target, model } };
  }
  return undefined;
}

/** Compares what only the end shows: what devices read, and memory. */
export function compareEnd(state: Comparing, plan: Plan, sight: Sight): Difference | undefined {
  const { world } = state;
  const shown = differingRead(state, sight) ?? differingMemory(state, plan.steps.length, sight);
  return shown && { ...shown, before: world, after: world, facts: [], sides: [] };
}
