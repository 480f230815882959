import { VerbError } from "../session/session.ts";

/** What each request has to say, and of which type; what is not listed may be left out. */
const required: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  setBreakpoints: { source: "object" },
  setFunctionBreakpoints: { breakpoints: "object" },
  setDataBreakpoints: { breakpoints: "object" },
  scopes: { frameId: "number" },
  variables: { variablesReference: "number" },
  dataBreakpointInfo: { name: "string" },
  source: { sourceReference: "number" },
  goto: { targetId: "number" },
  gotoTargets: { source: "object", line: "number" },
  evaluate: { expression: "string" },
  completions: { text: "string", column: "number" },
  disassemble: { memoryReference: "string", instructionCount: "number" },
  readMemory: { memoryReference: "string", count: "number" },
};

/** Checks that a request says what it has to. @throws VerbError that names what is missing. */
export function checkArguments(command: string, args: object): void {
  const said = args as Readonly<Record<string, unknown>>;
  for (const [name, type] of Object.entries(required[command] ?? {})) {
    const value = said[name];
    if (typeof value !== type || value === null) throw new VerbError(`${name}: expected ${type}`);
  }
}
