import { mkdtempSync, rmSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { ProgramError } from "../../target/program-error.ts";
import type { Monitor } from "./qmp.ts";
import { connectMonitor } from "./qmp.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

/** Serves QMP as `answer` does: what it says to each command, after a greeting. */
async function monitorOf(greeting: string, answer: (command: string) => string): Promise<Monitor> {
  const folder = mkdtempSync(join(tmpdir(), "qmp-"));
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.write(greeting);
    socket.on("data", (data) => {
      const { execute } = JSON.parse(data.toString()) as { execute: string };
      // In two parts: a message may come in pieces.
      const text = answer(execute);
      socket.write(text.slice(0, 5));
      setImmediate(() => socket.write(text.slice(5)));
    });
  });
  const path = join(folder, "monitor");
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  return connectMonitor(path, () => false);
}

const greeting = '{"QMP": {"version": {"package": "says \\"return\\" and \\"RESET\\""}}}\r\n';

it("[QF13] a reset is over when QMP says so as an event, whatever its texts contain", async () => {
  const asked: string[] = [];
  const monitor = await monitorOf(greeting, (command) => {
    asked.push(command);
    if (command === "qmp_capabilities") return '{"return": {}}\r\n';
    return '{"return": {}}\n{"event": "NICE", "data": {"RESET": 1}}\n{"event": "RESET"}\n';
  });
  await monitor.reset();
  monitor.close();
  expect(asked).toEqual(["qmp_capabilities", "system_reset"]);
});

it("[QF13] what QMP refuses, or what is no QMP, is one line", async () => {
  const refusing = monitorOf(
    greeting,
    () => '{"error": {"class": "CommandNotFound", "desc": "The command is unknown"}}\n',
  );
  await expect(refusing).rejects.toThrow(new ProgramError("refuses: The command is unknown"));
  const other = monitorOf('OK "QMP"\n', () => "");
  await expect(other).rejects.toThrow(new ProgramError('the monitor does not speak QMP: OK "QMP"'));
});
