import type { Input } from "../../events/input.ts";
import { encodeFact, encodeHeader, encodeInput } from "../../events/log/log.ts";
import { encodeEnd } from "../../events/log/log-end.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { Configuration } from "../engine/configuration.ts";
import type { Told } from "./retell.ts";

/** A way as a log: what happens before the first move, then each move after a note that says it. */
export function logOf({ setup, boot }: Configuration, told: readonly Told[]): string {
  const lines = [encodeHeader(setup)];
  let world = createWorld(setup);
  const add = (input: Input): void => {
    const seq = world.seq + 1;
    const folded = fold(world, input);
    lines.push(encodeInput(seq, input));
    for (const [index, fact] of folded.facts.entries()) {
      lines.push(encodeFact(seq + 1 + index, seq, fact));
    }
    world = folded.world;
  };
  for (const input of boot) add(input);
  for (const { says, steps } of told) {
    add({ type: "Note", text: says });
    for (const { input } of steps) add(input);
  }
  lines.push(encodeEnd(world.seq));
  return `${lines.join("\n")}\n`;
}
