import type { Socket } from "node:net";
import { connect } from "node:net";
import { ProgramError } from "../../target/program-error.ts";
import { framed, packetReader } from "./gdb-packet.ts";

/** QEMU went away while it was asked something. */
export class StubClosedError extends ProgramError {}

/** Why the guest does not run: it was held, or QEMU is gone. */
export type Halt = "held" | "ended";

/**
 * A guest that QEMU's gdb stub holds. One request at a time: each function is called after the one
 * before it is fulfilled, except `interrupt`.
 */
export interface Gdb {
  /**
   * Guest-physical memory or registers of devices.
   *
   * @param length  bytes, at most 2048.
   * @throws ProgramError when nothing answers there.
   */
  readonly readPhysical: (address: bigint, length: number) => Promise<Buffer>;
  /** Holds the CPU before it executes what is at this linear address. */
  readonly setBreakpoint: (address: bigint) => Promise<void>;
  /** Takes back `setBreakpoint`. */
  readonly clearBreakpoint: (address: bigint) => Promise<void>;
  /** The linear address of the next instruction. */
  readonly programCounter: () => Promise<bigint>;
  /**
   * Goes past the instruction at a breakpoint. One at the start of a function that does nothing
   * there is skipped; any other is executed.
   */
  readonly pass: () => Promise<Halt>;
  /** Runs the guest until a breakpoint, `interrupt` or QEMU's end. */
  readonly run: () => Promise<Halt>;
  /** Asks that `run` ends; harmless when the guest does not run. */
  readonly interrupt: () => void;
  /** Ends the connection; a guest that is held stays so. */
  readonly close: () => void;
}

const refused = /^E/;
/** Where RIP lies among the registers of x86-64: after 16 others of 8 bytes. */
const ripOffset = 128;
/** The interrupt request of the protocol is one byte outside any packet. */
const interruptByte = Buffer.from([3]);

/** The parts of a connection that the requests are made of. */
interface Exchange {
  readonly ask: (request: string) => Promise<string | undefined>;
  readonly interrupt: () => void;
  readonly close: () => void;
}

/** Sends requests and waits for their answers; `undefined` is the answer of a closed connection. */
function exchangeOver(socket: Socket): Exchange {
  const read = packetReader();
  let answer: ((text: string | undefined) => void) | undefined;
  let isClosed = false;
  const settle = (text: string | undefined): void => {
    const waiting = answer;
    answer = undefined;
    waiting?.(text);
  };
  socket.on("data", (bytes: Buffer) => {
    for (const packet of read(bytes)) {
      socket.write(packet === undefined ? "-" : "+");
      // Output of the program under control is none of ours.
      if (packet !== undefined && !/^O[0-9a-f]/.test(packet)) settle(packet);
    }
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
    settle(undefined);
  });
  const ask = (request: string): Promise<string | undefined> =>
    new Promise((resolve) => {
      if (isClosed) {
        resolve(undefined);
        return;
      }
      answer = resolve;
      socket.write(framed(request));
    });
  return {
    ask,
    interrupt: () => {
      if (!isClosed) socket.write(interruptByte);
    },
    close: () => socket.destroy(),
  };
}

const haltOf = (reply: string | undefined): Halt =>
  reply === undefined || /^[WX]/.test(reply) ? "ended" : "held";

/**
 * The length of the instruction with which the kernel's functions start if it does nothing: a
 * landing pad (ENDBR64), the NOP that tracing may replace, or the call that it replaces.
 */
function idleBytes(code: Buffer): 0 | 4 | 5 {
  const start = code.toString("hex");
  if (start.startsWith("f30f1efa")) return 4;
  return start.startsWith("0f1f440000") || start.startsWith("e8") ? 5 : 0;
}

function requests({ ask, interrupt, close }: Exchange): Gdb {
  const command = async (request: string): Promise<string> => {
    const reply = await ask(request);
    if (reply === undefined) throw new StubClosedError("QEMU's gdb stub is gone");
    if (reply === "" || refused.test(reply)) {
      throw new ProgramError(`QEMU's gdb stub does not answer ${request}`);
    }
    return reply;
  };
  const breakpoint = async (sign: "Z" | "z", address: bigint): Promise<void> => {
    await command(`${sign}0,${address.toString(16)},1`);
  };
  const registers = async (): Promise<Buffer> => {
    const bytes = Buffer.from(await command("g"), "hex");
    if (bytes.length >= ripOffset + 8) return bytes.subarray(0, ripOffset + 8);
    throw new ProgramError("gdb stub: the machine is no x86-64");
  };
  const readLinear = async (address: bigint, length: number): Promise<Buffer> =>
    Buffer.from(await command(`m${address.toString(16)},${length.toString(16)}`), "hex");
  const pass = async (): Promise<Halt> => {
    const words = await registers();
    const rip = words.readBigUInt64LE(ripOffset);
    const idle = idleBytes(await readLinear(rip, 5));
    if (idle === 0) return haltOf(await ask("s"));
    words.writeBigUInt64LE(rip + BigInt(idle), ripOffset);
    await command(`G${words.toString("hex")}`);
    return "held";
  };
  return {
    readPhysical: async (address, length) => {
      await command("Qqemu.PhyMemMode:1");
      const bytes = await readLinear(address, length);
      await command("Qqemu.PhyMemMode:0");
      return bytes;
    },
    setBreakpoint: (address) => breakpoint("Z", address),
    clearBreakpoint: (address) => breakpoint("z", address),
    programCounter: async () => (await registers()).readBigUInt64LE(ripOffset),
    pass,
    run: async () => haltOf(await ask("c")),
    interrupt,
    close,
  };
}

/**
 * Connects to a gdb stub that waits at a socket.
 *
 * @throws ProgramError when nobody listens there, or it is no stub of QEMU.
 */
export async function connectGdb(path: string): Promise<Gdb> {
  const socket = connect(path);
  try {
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
  } catch (error) {
    socket.destroy();
    throw new ProgramError(`gdb stub: ${error instanceof Error ? error.message : "no connection"}`);
  }
  const exchange = exchangeOver(socket);
  await exchange.ask("qSupported");
  // Registers are only read once the stub was asked why the guest is held.
  await exchange.ask("?");
  return requests(exchange);
}
