import type { Program } from "../world/program.ts";

/**
 * Takes inputs out of a program as long as it still fails: halves first, then ever smaller
 * stretches, in the end one at
 * a time, until nothing more can go or the time is up. Any subsequence of inputs is a program, so
 * nothing else changes.
 *
 * @param fails  whether a program still shows the failure.
 * @param timeIsUp  asked before each try.
 */
export function shrinkInputs(
  program: Program,
  fails: (program: Program) => boolean,
  timeIsUp: () => boolean,
): Program {
  let inputs = program.inputs;
  let stretch = Math.max(1, inputs.length >> 1);
  while (!timeIsUp()) {
    const before = inputs.length;
    for (let from = Math.max(0, inputs.length - stretch); from >= 0; from -= stretch) {
      if (timeIsUp()) break;
      const fewer = inputs.toSpliced(from, stretch);
      if (fails({ setup: program.setup, inputs: fewer })) inputs = fewer;
      if (from < stretch && from > 0) from = stretch;
    }
    if (stretch === 1 && inputs.length === before) break;
    stretch = Math.max(1, stretch >> 1);
  }
  return { setup: program.setup, inputs };
}
