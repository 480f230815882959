import { gpa } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { encodeFact, encodeHeader, encodeInput } from "../events/log/log.ts";
import { encodeEnd } from "../events/log/log-end.ts";
import type { Setup } from "../events/setup.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import type { Finding } from "./lane.ts";
import type { Seen } from "./sight.ts";

/** An input with what the target made of it, as far as its trace says so. */
function observed(input: Input, seen: Seen | undefined): Input {
  if (seen === undefined || !seen.isTraced) return input;
  if (input.type === "Dma") {
    const { translated, fault } = seen.observed;
    if (fault !== undefined) return { ...input, observed: { reason: fault } };
    return translated === undefined ? input : { ...input, observed: { gpa: gpa(translated) } };
  }
  const { message } = seen.observed;
  if (input.type !== "MsiRequest" || message === undefined) return input;
  return { ...input, observed: message };
}

/**
 * A finding as a log: its inputs, each DMA and interrupt with what the target made of it, and the
 * facts that the model decides. `replay` compares the two.
 */
export function logOf(setup: Setup, { inputs, steps, sight }: Finding): string {
  const seen = new Map(steps.map((input, at) => [input, sight?.seen[at]]));
  const lines = [encodeHeader(setup)];
  let world = createWorld(setup);
  for (const input of inputs) {
    const seq = world.seq + 1;
    const folded = fold(world, input);
    lines.push(encodeInput(seq, observed(input, seen.get(input))));
    for (const [index, fact] of folded.facts.entries()) {
      lines.push(encodeFact(seq + 1 + index, seq, fact));
    }
    world = folded.world;
  }
  lines.push(encodeEnd(world.seq));
  return `${lines.join("\n")}\n`;
}
