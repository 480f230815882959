import { createContext, Script } from "node:vm";

/** The code that runs something, from a context of its own: only such code can be stopped. */
const script = new Script("run()");
const context: { run: () => unknown } = { run: () => undefined };
createContext(context);

/**
 * Runs something for so long at most.
 *
 * @throws Error when it takes longer, or what it throws itself.
 */
export function withinTime<T>(milliseconds: number, run: () => T): T {
  const before = context.run;
  context.run = run;
  try {
    return script.runInContext(context, { timeout: milliseconds }) as T;
  } finally {
    context.run = before;
  }
}
