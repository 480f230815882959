import { bytesOfNumber } from "../events/acpi/little-endian.ts";
import { hex } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import type { Difference, DifferingBytes } from "./difference.ts";
import type { Comparing } from "./fold-dma.ts";
import { differingWords } from "./image.ts";
import type { Sight } from "./sight.ts";

const nothing: Input = { type: "Note", text: "the end" };

type Shown = Pick<Difference, "at" | "what" | "text"> & { readonly bytes: DifferingBytes };

/** Whether a known deviation explains a number in memory, or one that was read from there. */
function isKnown(
  { world, past, known: { deviations }, met }: Comparing,
  what: "memory" | "data",
  address: number,
  target: number,
  model: number,
): boolean {
  const [guest] = world.guests;
  if (guest === undefined) return false;
  const about = { input: nothing, before: guest, after: guest, world, past, facts: [] };
  const unseen = { reached: undefined, message: undefined, isTraced: false };
  const sides = { target: hex(target), model: hex(model) };
  const situation = { ...about, ...unseen, ...sides, what, address };
  const deviation = deviations.find((one) => one.explains(situation) !== undefined);
  if (deviation !== undefined) met.set(deviation.id, (met.get(deviation.id) ?? 0) + 1);
  return deviation !== undefined;
}

/** What a device read otherwise than in the model, and nothing explains. */
export function differingRead(
  state: Comparing,
  dataOf: (step: number) => Uint8Array | undefined,
): Shown | undefined {
  for (const { at, bdf, gpa, bytes: model } of state.reads) {
    const target = dataOf(at);
    if (target === undefined) continue;
    const isFine = model.every((byte, index) => {
      const found = target[index] ?? 0;
      if (byte === found) return true;
      return gpa !== undefined && isKnown(state, "data", Number(gpa) + index, found, byte);
    });
    if (isFine) continue;
    const [found = "", wanted = ""] = [target, model].map((all) =>
      Buffer.from(all).toString("hex"),
    );
    const text = `the device read ${found}, in the model ${wanted}`;
    return { at, what: "data", text, bytes: { at: 0, device: bdf, target, model } };
  }
  return undefined;
}

/** The first word of memory that is not as in the model, and that nothing explains. */
function differingMemory(state: Comparing, at: number, { memory }: Sight): Shown | undefined {
  const [guest] = state.world.guests;
  if (guest === undefined) return undefined;
  for (const word of memory.flatMap((part) => differingWords(guest, part))) {
    if (isKnown(state, "memory", word.at, word.target, word.model)) continue;
    const texts = `${hex(word.target)}, the model: ${hex(word.model)}`;
    const bytesOf = (value: number): Uint8Array => bytesOfNumber(BigInt(value), 4);
    const [target, model] = [bytesOf(word.target), bytesOf(word.model)];
    const bytes = { at: word.at, target, model };
    return { at, what: "memory", text: `memory at ${hex(word.at)}: ${texts}`, bytes };
  }
  return undefined;
}

/** What shows by its bytes alone, as a difference. */
export const atEnd = ({ world }: Comparing, shown: Shown): Difference => ({
  ...{ ...shown, before: world, after: world, facts: [], sides: [] },
});

/** Compares what only the end shows: what devices read, and memory. */
export function compareEnd(state: Comparing, at: number, sight: Sight): Difference | undefined {
  const late = (step: number): Uint8Array | undefined => sight.lateData.get(step);
  const shown = differingRead(state, late) ?? differingMemory(state, at, sight);
  return shown && atEnd(state, shown);
}
