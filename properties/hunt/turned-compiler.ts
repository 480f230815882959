import type { TurnedTarget } from "../bugs/turn-target.ts";

/** The module that compiles charts, as files import it. */
export const compilerImport = /\/compile-chart\.ts$/;

/** What stands in for it: a module that turns one target and then compiles as the real one does. */
export const turnedCompiler = (mutant: TurnedTarget, folder: string): string => `
import { compileChart as compilerOf } from ${JSON.stringify(`${folder}/machines/compile-chart.ts`)};
import { turned } from ${JSON.stringify(`${folder}/properties/bugs/turn-target.ts`)};
const mutant = ${JSON.stringify(mutant)};
export const compileChart = () => {
  const compile = compilerOf();
  return (definition) => compile(turned(definition, mutant));
};
`;
