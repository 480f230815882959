import type { Input } from "../../events/input.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { abilitiesOf } from "../ability.ts";
import type { Answers, DmaAnswer, Implementation, InterruptAnswer } from "../implementation.ts";
import { nothingKnown } from "../known.ts";
import { openLane } from "../lane.ts";
import type { Watching } from "../model-target.ts";
import { modelTarget } from "../model-target.ts";
import { objectPlan } from "../object-plan.ts";

/** Inputs in groups. */
export type Parts = readonly (Input | Parts)[];

/** All inputs, with what the CPU writes seen at once. */
export const flat = (parts: Parts): readonly Input[] =>
  (parts.flat(9) as readonly Input[]).map((input) =>
    input.type === "MemoryWrite" ? { ...input, flushed: true } : input,
  );

/** The unit that it is, where nothing else is said. */
export const words = profiles["hardware-2016"];

/** A target that shows or answers something else than the model, or decides otherwise. */
export interface Other extends Watching {
  readonly unit?: Profile;
  readonly registers?: (bytes: Uint8Array) => void;
  readonly dma?: (answer: DmaAnswer) => DmaAnswer;
  readonly interrupt?: (answer: InterruptAnswer) => InterruptAnswer;
}

function other({ unit = words, registers, dma, interrupt, ...watching }: Other): Implementation {
  const target = modelTarget(unit, abilitiesOf(unit), watching);
  return {
    ...target,
    readRegisters: (asked) => {
      const { bytes } = target.readRegisters(asked) as Answers["readRegisters"];
      const page = new Uint8Array(4096);
      page.set(bytes, asked.offset);
      registers?.(page);
      return { bytes: page.slice(asked.offset, asked.offset + asked.length) };
    },
    dma: (asked) => {
      const answer = target.dma(asked) as DmaAnswer;
      return dma === undefined ? answer : dma(answer);
    },
    interrupt: (asked) => {
      const answer = target.interrupt?.(asked) as InterruptAnswer;
      return interrupt === undefined ? answer : interrupt(answer);
    },
  };
}

/** Registers in which one byte is another, where a condition holds. */
export const showing = (
  offset: number,
  value: number,
  isSo: (bytes: Uint8Array) => boolean = () => true,
): Other => ({
  registers: (bytes) => {
    if (isSo(bytes)) bytes[offset] = value;
  },
});

/** How inputs go on such a target. */
export async function runOther(inputs: Parts, how: Other) {
  const lane = await openLane(
    objectPlan(() => other(how), { patience: 10 }),
    nothingKnown,
  );
  const run = await lane.run(flat(inputs));
  await lane.stop();
  return run;
}
