import { QemuError } from "../process.ts";
import { connectTo } from "./client.ts";

/** QEMU's monitor, as far as it is needed. */
export interface Monitor {
  /** Resets the machine; fulfilled once that is done. */
  readonly reset: () => Promise<void>;
  readonly close: () => void;
}

const patienceSeconds = 20;

/** Connects to a QMP socket. @throws QemuError when it ends or does not answer. */
export async function connectMonitor(path: string, isOver: () => boolean): Promise<Monitor> {
  const socket = await connectTo(path, isOver);
  socket.setEncoding("utf8");
  let rest = "";
  let wanted: { readonly name: string; readonly done: (error?: Error) => void } | undefined;
  const settle = (error?: Error): void => {
    const { done } = wanted ?? {};
    wanted = undefined;
    done?.(error);
  };
  socket.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (wanted !== undefined && line.includes(`"${wanted.name}"`)) settle();
    }
  });
  socket.on("error", (error) => settle(new QemuError(error.message)));
  socket.on("close", () => settle(new QemuError("the monitor's connection ended")));
  const waitFor = (name: string, command?: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        settle(new QemuError("the monitor does not answer"));
      }, patienceSeconds * 1000);
      const done = (error?: Error): void => {
        clearTimeout(limit);
        if (error === undefined) resolve();
        else reject(error);
      };
      wanted = { name, done };
      if (socket.destroyed) settle(new QemuError("the monitor's connection ended"));
      else if (command !== undefined) socket.write(`{"execute":"${command}"}\n`);
    });
  await waitFor("QMP");
  await waitFor("return", "qmp_capabilities");
  return {
    reset: () => waitFor("RESET", "system_reset"),
    close: () => socket.destroy(),
  };
}
