import type { Input, InputOf } from "../../events/input.ts";
import { slotBytes } from "../../target/sendable.ts";
import { fillCommand, readCommand, writeBytesCommand, writeCommand } from "../qtest/client.ts";
import type { EduDevice, Transfer } from "../qtest/machine.ts";
import { bufferBytes, eduDevices, sendMsi, startDma, unitBase } from "../qtest/machine.ts";

/** One input as a target is given it. */
export interface PlanStep {
  readonly input: Input;
  readonly commands: readonly string[];
  /** The device whose transfer has to end before anything else is sent. */
  readonly waits?: EduDevice;
  /** Where in that device's buffer the bytes are. */
  readonly slot?: number;
}

/** A program as a target is given it. */
export interface Plan {
  readonly steps: readonly PlanStep[];
  /** What each device's buffer has to hold at the start, by index of the device. */
  readonly buffers: ReadonlyMap<number, Uint8Array>;
}

const deviceOf = (bdf: number): number => eduDevices.findIndex((each) => each.bdf === bdf);

function memoryWrite({ gpa, bytes }: InputOf<"MemoryWrite">): string {
  const [first = 0] = bytes;
  return bytes.length > 64 && bytes.every((byte) => byte === first)
    ? fillCommand(gpa, bytes.length, first)
    : writeBytesCommand(gpa, bytes);
}

/** A transfer, through a part of the device's buffer that no other one uses. */
function transfer(input: InputOf<"Dma">, buffers: Map<number, Uint8Array>, used: number[]) {
  const index = deviceOf(input.device);
  const device = eduDevices[index];
  const slot = used[index] ?? 0;
  if (device === undefined || (slot + 1) * slotBytes > bufferBytes) return undefined;
  used[index] = slot + 1;
  const buffer = buffers.get(index) ?? new Uint8Array(bufferBytes);
  buffers.set(index, buffer);
  const offset = slot * slotBytes;
  if (input.bytes !== undefined) buffer.set(input.bytes, offset);
  const { iova, access = "read", length = 8 } = input;
  const asked: Transfer = { iova, offset, length, access };
  return { input, commands: startDma(device, asked), waits: device, slot: offset };
}

/** Turns inputs that can be sent into commands; a transfer for which there is no room goes. */
export function planOf(inputs: readonly Input[]): Plan {
  const buffers = new Map<number, Uint8Array>();
  const used: number[] = [];
  const steps = inputs.flatMap((input): readonly PlanStep[] => {
    switch (input.type) {
      case "RegisterWrite": {
        const at = unitBase + BigInt(input.offset);
        return [{ input, commands: [writeCommand(at, input.size, input.value)] }];
      }
      case "RegisterRead":
        return [{ input, commands: [readCommand(unitBase + BigInt(input.offset), input.size)] }];
      case "MemoryWrite":
        return [{ input, commands: [memoryWrite(input)] }];
      case "MsiRequest": {
        const device = eduDevices[deviceOf(input.device ?? -1)];
        if (device === undefined) return [];
        return [{ input, commands: sendMsi(device, input.address, input.data) }];
      }
      case "Dma": {
        const step = transfer(input, buffers, used);
        return step === undefined ? [] : [step];
      }
      default:
        return [];
    }
  });
  return { steps, buffers };
}
