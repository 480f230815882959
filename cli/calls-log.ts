import type { TheirCall } from "../calls/alignment.ts";
import { callFromJson } from "../calls/call-json.ts";
import { FieldError } from "../events/field.ts";
import { parseJson } from "../events/json.ts";
import { lineError } from "./input-error.ts";
import { garbledError } from "./lines.ts";
import { openLines } from "./opened-lines.ts";

/** What a line has beside a call: which guest it is for, and what the writer likes to add. */
interface Beside {
  readonly guest?: unknown;
}

/** The call of a line, or `undefined` where it is another guest's. */
function callOf(file: string, text: string, line: number, guest: number): TheirCall | undefined {
  let raw: unknown;
  try {
    raw = parseJson(text);
  } catch {
    throw lineError(file, line, "not JSON");
  }
  if (typeof raw !== "object" || raw === null) throw lineError(file, line, "not an object");
  const { event: _, time: __, ...rest } = raw as Readonly<Record<string, unknown>>;
  const { guest: whose = 0, ...body } = rest as Beside;
  if (whose !== guest) return undefined;
  try {
    return { line, call: callFromJson(body) };
  } catch (error) {
    if (error instanceof FieldError) throw lineError(file, line, error.message);
    throw error;
  }
}

/**
 * Reads the calls that somebody wrote down for one guest (docs/host-calls-format.md).
 *
 * @throws InputError naming file, line and reason.
 */
export async function readCalls(file: string, guest: number): Promise<readonly TheirCall[]> {
  const source = await openLines(file);
  const calls: TheirCall[] = [];
  const take = (lines: readonly string[], first: number): void => {
    for (const [index, text] of lines.entries()) {
      if (text.trim() === "") continue;
      const call = callOf(file, text, first + index, guest);
      if (call !== undefined) calls.push(call);
    }
  };
  try {
    for await (const { lines, first, garbled } of batchesOf(source)) {
      take(garbled === undefined ? lines : lines.slice(0, garbled), first);
      if (garbled !== undefined) throw garbledError(file, first + garbled);
    }
  } finally {
    await source.close();
  }
  return calls;
}

async function* batchesOf({ head, rest }: Awaited<ReturnType<typeof openLines>>) {
  yield head;
  yield* rest;
}
