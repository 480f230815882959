import type { Implementation, Operation, Request } from "../implementation.ts";
import { protocolVersion } from "../implementation.ts";
import type { Connection } from "./connection.ts";
import { inOneLine, Misbehaviour, silence } from "./connection.ts";

/** What an implementation says of itself. */
export const helloOf = ({ name, ver, cap, ecap, can = [] }: Implementation): object => ({
  ...{ name, version: protocolVersion, ver, cap, ecap, can },
});

/** Waits for an answer, but not for ever. @throws Misbehaviour when it does not come. */
async function inTime<T>(
  answer: Promise<T>,
  seconds: number,
  request: Request,
  index: number,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(silence(seconds, request, index));
    timer = setTimeout(fail, seconds * 1000);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Talks to an object of this process. One that does not return cannot be interrupted; one whose
 * promise stays open is given up.
 */
export function connectObject(implementation: Implementation): Connection {
  const methods = implementation as Partial<Record<Operation, (request: Request) => unknown>>;
  const ask = async (request: Request, index: number, patience: number): Promise<unknown> => {
    if (request.op === "hello") return helloOf(implementation);
    const { [request.op]: method } = methods;
    if (typeof method !== "function") return { error: `there is no method ${request.op}` };
    try {
      const answer = method.call(implementation, request);
      return answer instanceof Promise ? await inTime(answer, patience, request, index) : answer;
    } catch (error) {
      if (error instanceof Misbehaviour) throw error;
      return { error: inOneLine(error instanceof Error ? error.message : String(error)) };
    }
  };
  return {
    exchange: async (requests, patience) => {
      const answers: unknown[] = [];
      for (const [index, request] of requests.entries()) {
        answers.push(await ask(request, index, patience));
      }
      return answers;
    },
    explain: async (error) => error,
    stop: async () => undefined,
  };
}
