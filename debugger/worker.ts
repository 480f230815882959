import { ask } from "./engine/answers.ts";
import { breathe } from "./engine/breathe.ts";
import type { Opened } from "./engine/opening.ts";
import { logView, NoLogError, openBlob } from "./engine/opening.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";

/** What this worker is: the DOM's types know pages alone. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

type Asked = Extract<ToWorker, { type: "ask" }>;

const scope = self as unknown as WorkerScope;
const tellsEachMs = 120;

let opened: Opened | undefined;
/** Numbers of openings: the one that is asked about, the last that was begun, and was enough. */
let [shown, begun, enough] = [0, 0, 0];
let lastTold = 0;
/** By question, the newest that is being answered bit by bit: it ends the one before. */
const current = new Map<string, number>();

const messageOf = (error: unknown): string =>
  error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error);

function told(of: Opened, progress: number, opening: number): void {
  // What was open stays until there is something of what is opened.
  if (opening < shown) return;
  const isNew = opening > shown;
  if (isNew) current.clear();
  [opened, shown] = [of, opening];
  const now = performance.now();
  if (!isNew && progress < 1 && now - lastTold < tellsEachMs) return;
  lastTold = now;
  scope.postMessage({ type: "log", log: logView(of), progress, opening });
}

async function open(name: string, bytes: Blob): Promise<void> {
  begun += 1;
  const opening = begun;
  try {
    await openBlob(name, bytes, {
      told: (of, progress) => told(of, progress, opening),
      isEnough: () => shown > opening || enough >= opening,
    });
  } catch (error) {
    const why = error instanceof NoLogError ? error.message : `Cannot be read: ${messageOf(error)}`;
    scope.postMessage({ type: "refused", why });
  }
}

async function fetchLog(name: string, address: string): Promise<void> {
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`the server answered ${answer.status.toString()}`);
    await open(name, await answer.blob());
  } catch (error) {
    scope.postMessage({ type: "refused", why: `Cannot be fetched: ${messageOf(error)}` });
  }
}

const isLong = (value: unknown): value is Generator<void, unknown, void> =>
  typeof value === "object" && value !== null && "next" in value && "throw" in value;

/** What a hand that moves waits for comes before what an eye reads afterwards. */
const urgent: ReadonlySet<string> = new Set(["rows", "nearest", "step", "overview", "events"]);
const isUrgent = ({ question }: Asked): boolean => urgent.has(question);
const waiting: Asked[] = [];

/** What is answered bit by bit lets others have their turn this often. */
const sliceMs = 6;

async function finish(
  question: string,
  id: number,
  long: Generator<void, unknown, void>,
): Promise<unknown> {
  current.set(question, id);
  let since = performance.now();
  for (let next = long.next(); ; next = long.next()) {
    if (next.done) return next.value;
    if (performance.now() - since < sliceMs) continue;
    await breathe();
    answerUrgent();
    since = performance.now();
    if (current.get(question) !== id) throw new Error("stopped");
  }
}

async function answerTo({ id, question, of }: Asked): Promise<void> {
  try {
    if (opened === undefined) throw new Error("nothing is open");
    if (typeof of === "object" && of !== null && "bytes" in of) current.set(question, id);
    const isEnough = (): boolean => current.get(question) !== id;
    const value: unknown = await ask(opened, question, of as never, isEnough);
    const whole = isLong(value) ? await finish(question, id, value) : value;
    scope.postMessage({ type: "answer", id, value: whole });
  } catch (error) {
    scope.postMessage({ type: "failed", id, why: messageOf(error) });
  }
}

/** A hand that moves on has all its answers before what takes long goes on. */
function answerUrgent(): void {
  for (let next = waiting.findIndex(isUrgent); next >= 0; next = waiting.findIndex(isUrgent)) {
    const [asked] = waiting.splice(next, 1);
    if (asked !== undefined) void answerTo(asked);
  }
}

// A message to oneself comes after those that are there already, and without a timer's delay.
const turns = new MessageChannel();

turns.port1.onmessage = ({ data: isLater }: MessageEvent<boolean>) => {
  answerUrgent();
  const asked = isLater ? waiting.shift() : undefined;
  if (asked !== undefined) void answerTo(asked);
};

/** What is read afterwards waits so long for what a hand asks with it. */
const lullMs = 4;

function take(asked: Asked): void {
  waiting.push(asked);
  if (isUrgent(asked)) turns.port2.postMessage(false);
  else setTimeout(() => turns.port2.postMessage(true), lullMs);
}

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "open":
      void open(data.name, data.bytes);
      break;
    case "fetch":
      void fetchLog(data.name, data.address);
      break;
    case "cancel":
      if (data.what === "opening") enough = begun;
      else current.clear();
      break;
    case "ask":
      take(data);
      break;
  }
};
