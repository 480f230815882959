import type { Input, InputOf } from "../events/input.ts";
import { arena } from "../properties/world/arena.ts";
import type { PasidRights, Request } from "./implementation.ts";
import { requesterOf } from "./machine.ts";
import type { Steps } from "./sight.ts";

const rightsOf = ({ pasid, execute, privileged }: PasidInput): PasidRights => ({
  ...(pasid === undefined ? {} : { pasid }),
  ...(execute ? { execute } : {}),
  ...(privileged ? { privileged } : {}),
});

type PasidInput = Pick<InputOf<"Dma">, "pasid" | "execute" | "privileged">;

/** What an input asks of a target; nothing of what no target is given. */
export function requestOf(input: Input): Request | undefined {
  switch (input.type) {
    case "RegisterWrite":
      return {
        op: "writeRegister",
        offset: input.offset,
        size: input.size,
        value: input.value,
      };
    case "RegisterRead":
      return { op: "readRegisters", offset: input.offset, length: input.size };
    case "MemoryWrite":
      return { op: "writeMemory", address: input.gpa, bytes: input.bytes };
    case "Dma": {
      const { iova: address, access = "read", length = 8, bytes } = input;
      const source = requesterOf(input.device);
      const asked = { source, address, access, length, ...rightsOf(input) };
      return { op: "dma", ...asked, ...(access === "write" && bytes ? { bytes } : {}) };
    }
    case "MsiRequest": {
      const source = requesterOf(input.device ?? 0);
      return { op: "interrupt", source, address: input.address, data: input.data };
    }
    case "AtsRequest": {
      const { device, iova: address, access } = input;
      return { op: "translate", source: requesterOf(device), address, access, ...rightsOf(input) };
    }
    case "PageRequest": {
      const { device, iova: address, read, write, group, last } = input;
      const source = requesterOf(device);
      return { op: "pageRequest", source, address, read, write, group, last, ...rightsOf(input) };
    }
    case "DeviceTlbAnswer":
      return { op: "deviceAnswer", source: requesterOf(input.device), result: input.result };
    default:
      return undefined;
  }
}

/** All that programs are about but large pages: the page request queue is the last of it. */
const memoryBytes = (arena.pageRequests + 1) * 4096;

/** Bytes of memory that are read at a time. */
const partBytes = 0x1_0000;

/** Reads of the memory that is looked at in the end. */
const memoryReads: readonly Request[] = Array.from(
  { length: Math.ceil(memoryBytes / partBytes) },
  (_, index) => {
    const at = index * partBytes;
    const length = Math.min(partBytes, memoryBytes - at);
    return { op: "readMemory", address: BigInt(at), length };
  },
);

/** A program as requests, and where in their answers what is. */
export interface Asked {
  readonly requests: readonly Request[];
  /** Of each step its request, and the read of the registers after it, if there is one. */
  readonly places: readonly { readonly own: number; readonly registers: number | undefined }[];
  /** The first read of registers, before any step. */
  readonly start: number;
  /** The reads of memory, from this one on. */
  readonly memory: number;
}

/**
 * Turns a program into requests. The registers are read after each step that can change them.
 *
 * @param reset      what puts the unit into its first state.
 * @param registers  what reads them all.
 */
export function askedOf(steps: Steps, reset: Request, registers: Request): Asked {
  const requests: Request[] = [reset, registers];
  const places = steps.map((input) => {
    const own = requests.length;
    const request = requestOf(input);
    if (request !== undefined) requests.push(request);
    if (input.type === "MemoryWrite") return { own, registers: undefined };
    requests.push(registers);
    return { own, registers: requests.length - 1 };
  });
  const memory = requests.length;
  return { requests: [...requests, ...memoryReads], places, start: 1, memory };
}
