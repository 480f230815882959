import type { Socket } from "node:net";
import { createConnection } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { ProgramError } from "../../target/program-error.ts";

/** A connection to a server of the qtest protocol: one answer a line, in order. */
export interface QtestClient {
  /**
   * Sends commands in one write and gathers their answers, without line ends, in order.
   *
   * @throws ProgramError when the connection ends or nothing is answered for some seconds.
   */
  readonly exchange: (commands: readonly string[]) => Promise<readonly string[]>;
  readonly close: () => void;
}

/** Answers that somebody waits for. */
interface Waiting {
  readonly count: number;
  readonly resolve: (answers: readonly string[]) => void;
  readonly reject: (error: Error) => void;
}

const silenceSeconds = 20;
const connectSeconds = 10;

/** Connects to a unix socket that may not be there yet; `isOver` ends the waiting. */
export async function connectTo(path: string, isOver: () => boolean): Promise<Socket> {
  const limit = performance.now() + connectSeconds * 1000;
  for (;;) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = createConnection(path);
        socket.once("connect", () => {
          socket.off("error", reject);
          resolve(socket);
        });
        socket.once("error", reject);
      });
    } catch {
      if (isOver()) throw new ProgramError("ended before it could be asked anything");
      if (performance.now() > limit) throw new ProgramError(`does not serve the socket ${path}`);
      await wait(5);
    }
  }
}

/** Whether a line comes unasked: a pin that somebody watches changed. */
const isUnasked = (line: string): boolean => line.startsWith("IRQ ");

/** Speaks qtest over a socket that is connected. */
export function qtestClient(socket: Socket): QtestClient {
  const queue: Waiting[] = [];
  let lines: string[] = [];
  let rest = "";
  let broken: Error | undefined;
  const fail = (text: string): void => {
    broken ??= new ProgramError(text);
    for (const { reject } of queue.splice(0)) reject(broken);
  };
  const serve = (): void => {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (lines.length < first.count) return;
      queue.shift();
      first.resolve(lines.splice(0, first.count));
    }
  };
  socket.setEncoding("latin1");
  socket.setTimeout(silenceSeconds * 1000);
  socket.on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    const answers = parts.map((line) => line.trimEnd()).filter((line) => !isUnasked(line));
    lines = lines.length === 0 ? answers : [...lines, ...answers];
    serve();
  });
  socket.on("timeout", () => {
    if (queue.length > 0) fail(`no answer for ${silenceSeconds.toString()} seconds`);
  });
  socket.on("error", (error) => fail(error.message));
  socket.on("close", () => fail("the connection ended"));
  return {
    exchange: (commands) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) return reject(broken);
        queue.push({ count: commands.length, resolve, reject });
        if (commands.length > 0) socket.write(`${commands.join("\n")}\n`);
        else serve();
      }),
    close: () => socket.destroy(),
  };
}

/** The number of an answer `OK 0x…`. @throws ProgramError for any other answer. */
export function numberOf(answer: string | undefined): bigint {
  const [, digits] = /^OK (0x[0-9a-f]+)$/.exec(answer ?? "") ?? [];
  if (digits === undefined) throw new ProgramError(`answered ${answer ?? "nothing"}, not a number`);
  return BigInt(digits);
}

/** The bytes of an answer to `b64read`. @throws ProgramError for any other answer. */
export function bytesIn(answer: string | undefined): Uint8Array {
  const [, text] = /^OK ([A-Za-z0-9+/=]*)$/.exec(answer ?? "") ?? [];
  if (text === undefined) throw new ProgramError(`answered ${answer ?? "nothing"}, not bytes`);
  return new Uint8Array(Buffer.from(text, "base64"));
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const widths: Readonly<Record<number, string>> = { 1: "b", 2: "w", 4: "l", 8: "q" };

/** Writes 1, 2, 4 or 8 bytes at a physical address. */
export const writeCommand = (address: bigint, size: number, value: bigint): string =>
  `write${widths[size] ?? "b"} ${hex(address)} ${hex(value)}`;

/** Reads 1, 2, 4 or 8 bytes at a physical address. */
export const readCommand = (address: bigint, size: number): string =>
  `read${widths[size] ?? "b"} ${hex(address)}`;

/** Writes bytes of memory. */
export const writeBytesCommand = (address: bigint, bytes: Uint8Array): string =>
  `write ${hex(address)} ${hex(bytes.length)} 0x${Buffer.from(bytes).toString("hex")}`;

/** Reads bytes of memory, to be decoded by `bytesIn`. */
export const readBytesCommand = (address: bigint, length: number): string =>
  `b64read ${hex(address)} ${hex(length)}`;

/** Fills memory with one byte. */
export const fillCommand = (address: bigint, length: number, byte: number): string =>
  `memset ${hex(address)} ${hex(length)} ${hex(byte)}`;
