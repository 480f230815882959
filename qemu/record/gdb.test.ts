import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ProgramError } from "../../target/program-error.ts";
import type { Gdb } from "./gdb.ts";
import { connectGdb } from "./gdb.ts";
import { framed, packetReader } from "./gdb-packet.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A stub that answers each request as a table says; `""` for all others. */
interface Stub {
  readonly gdb: Gdb;
  /** What was asked, without the greeting. */
  readonly asked: string[];
  readonly socket: () => Socket;
}

async function stub(
  answer: (request: string, socket: Socket) => string | undefined,
): Promise<Stub> {
  const folder = await mkdtemp(join(tmpdir(), "shadowfold-gdb-"));
  const asked: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const read = packetReader();
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      if (bytes.includes(3)) socket.write(framed("T02"));
      for (const request of read(bytes)) {
        if (request === undefined || request.startsWith("qSupported")) socket.write(framed(""));
        else if (request === "?") socket.write(framed("T05"));
        else {
          asked.push(request);
          const reply = answer(request, socket);
          if (reply !== undefined) socket.write(framed(reply));
        }
      }
    });
  });
  const path = join(folder, "stub");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const gdb = await connectGdb(path);
  ends.push(() => {
    gdb.close();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const socket = (): Socket => sockets[0] ?? expect.fail("nobody connected");
  return { gdb, asked, socket };
}

/** The registers of the stub: RIP after 16 others. */
const registers = (rip: bigint): string => {
  const bytes = Buffer.alloc(160);
  bytes.writeBigUInt64LE(rip, 128);
  return bytes.toString("hex");
};

describe("packets", () => {
  test("[RC1] escapes and runs are undone, whatever the cuts of the stream", () => {
    const sum = (text: string) =>
      (Buffer.from(text, "latin1").reduce((all, byte) => all + byte, 0) & 0xff).toString(16);
    const body = "0* }\u0003ab";
    const bytes = Buffer.from(`++$${body}#${sum(body)}+$OK#9a`, "latin1");
    for (let cut = 0; cut <= bytes.length; cut++) {
      const read = packetReader();
      const packets = [...read(bytes.subarray(0, cut)), ...read(bytes.subarray(cut))];
      expect(packets).toEqual(["0000#ab", "OK"]);
    }
  });

  test("[RC1] a packet with a wrong checksum is told apart", () => {
    expect(packetReader()(Buffer.from("$OK#00$OK#9a"))).toEqual([undefined, "OK"]);
    expect(framed("OK")).toBe("$OK#9a");
  });
});

describe("client", () => {
  test("[RC2] physical memory is read in the stub's physical mode", async () => {
    const { gdb, asked } = await stub((request) => (request.startsWith("m") ? "0001ff7f" : "OK"));
    expect((await gdb.readPhysical(0xfed9_0000n, 4)).toString("hex")).toBe("0001ff7f");
    expect(asked).toEqual(["Qqemu.PhyMemMode:1", "mfed90000,4", "Qqemu.PhyMemMode:0"]);
  });

  test("[RC2] a run ends at a breakpoint, at an interrupt, and when QEMU is gone", async () => {
    let runs = 0;
    const { gdb, asked } = await stub((request, socket) => {
      if (request !== "c") return "OK";
      runs += 1;
      if (runs === 1) return "T05thread:01;";
      if (runs === 3) socket.destroy();
      return undefined;
    });
    await gdb.setBreakpoint(0xffff_ffff_816d_08a0n);
    expect(await gdb.run()).toBe("held");
    const running = gdb.run();
    gdb.interrupt();
    expect(await running).toBe("held");
    expect(await gdb.run()).toBe("ended");
    expect(await gdb.run()).toBe("ended");
    expect(asked).toEqual(["Z0,ffffffff816d08a0,1", "c", "c", "c"]);
    await expect(gdb.programCounter()).rejects.toThrow(ProgramError);
  });

  test("[RC3] an instruction that does nothing is skipped, another one executed", async () => {
    for (const [code, length] of [
      ["0f1f440000", 5],
      ["e811223344", 5],
      ["f30f1efa55", 4],
    ] as const) {
      const { gdb, asked } = await stub((request) => {
        if (request === "g") return registers(0x1000n);
        return request.startsWith("m") ? code : "OK";
      });
      expect(await gdb.pass()).toBe("held");
      const written = Buffer.from((asked.at(-1) ?? "").slice(1), "hex");
      expect(written.readBigUInt64LE(128)).toBe(0x1000n + BigInt(length));
      expect(written).toHaveLength(136);
    }
    const { gdb, asked } = await stub((request) => {
      if (request === "g") return registers(0x1000n);
      return request === "s" ? "T05" : "554889e5c3";
    });
    expect(await gdb.pass()).toBe("held");
    expect(asked).toEqual(["g", "m1000,5", "s"]);
  });

  test("[RC2] what the stub refuses is an error in one line", async () => {
    const { gdb } = await stub((request) => (request.startsWith("m") ? "E14" : ""));
    const refusal = "QEMU's gdb stub does not answer Qqemu.PhyMemMode:1";
    await expect(gdb.readPhysical(0n, 4)).rejects.toThrow(refusal);
    await expect(connectGdb(join(tmpdir(), "no-such-stub"))).rejects.toThrow(/^gdb stub: .*ENOENT/);
  });
});
