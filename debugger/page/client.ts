import type { FromWorker, LogView, Question, Questions, ToWorker } from "../protocol.ts";

/** The engine's program, put here by the build. */
declare const WORKER_SOURCE: string;

/** What the page hears without having asked. */
export interface Hearing {
  readonly log: (log: LogView, progress: number, opening: number) => void;
  readonly refused: (why: string) => void;
}

/** The engine in its worker. */
export interface Client {
  readonly open: (name: string, bytes: Blob) => void;
  readonly fetch: (name: string, address: string) => void;
  /** Ends the opening of a log with what is read, or what is being answered bit by bit. */
  readonly cancel: (what: "opening" | "question") => void;
  /** Asks; fails with the text of what is wrong with the question. */
  readonly ask: <Q extends Question>(question: Q, of: Questions[Q][0]) => Promise<Questions[Q][1]>;
}

interface Waiting {
  readonly done: (value: unknown) => void;
  readonly failed: (error: Error) => void;
}

/** Starts the engine. */
export function startClient(hearing: Hearing): Client {
  const source = new Blob([WORKER_SOURCE], { type: "text/javascript" });
  const address = URL.createObjectURL(source);
  const worker = new Worker(address);
  URL.revokeObjectURL(address);
  const waiting = new Map<number, Waiting>();
  let last = 0;
  const tell = (message: ToWorker): void => worker.postMessage(message);
  worker.onmessage = ({ data }: MessageEvent<FromWorker>): void => {
    if (data.type === "log") hearing.log(data.log, data.progress, data.opening);
    else if (data.type === "refused") hearing.refused(data.why);
    else {
      const one = waiting.get(data.id);
      waiting.delete(data.id);
      if (data.type === "answer") one?.done(data.value);
      else one?.failed(new Error(data.why));
    }
  };
  worker.onerror = (event): void => hearing.refused(`The engine stopped: ${event.message}`);
  return {
    open: (name, bytes) => tell({ type: "open", name, bytes }),
    fetch: (name, from) => tell({ type: "fetch", name, address: from }),
    cancel: (what) => tell({ type: "cancel", what }),
    ask: <Q extends Question>(question: Q, of: Questions[Q][0]) =>
      new Promise<Questions[Q][1]>((done, failed) => {
        last += 1;
        waiting.set(last, { done: done as Waiting["done"], failed });
        tell({ type: "ask", id: last, question, of });
      }),
  };
}
