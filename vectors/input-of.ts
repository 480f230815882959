import { gpa, iova, sourceId } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import type { Request } from "../target/implementation.ts";
import { requesters } from "../target/machine.ts";

/** The device whose requests carry a source-id. */
const deviceOf = (source: number) =>
  sourceId(requesters.find(({ alias }) => alias === source)?.bdf ?? source);

/** The input that a request stands for; nothing of one that only looks. */
export function inputOf(request: Request): Input | undefined {
  switch (request.op) {
    case "writeRegister": {
      const { offset, size, value } = request;
      return { type: "RegisterWrite", offset, size, value };
    }
    case "writeMemory": {
      const { address, bytes } = request;
      return { type: "MemoryWrite", gpa: gpa(address), bytes, flushed: true };
    }
    case "dma": {
      const { op: _, source, address, ...rest } = request;
      return { type: "Dma", device: deviceOf(source), iova: iova(address), ...rest };
    }
    case "interrupt": {
      const { source, address, data } = request;
      return { type: "MsiRequest", device: deviceOf(source), address, data };
    }
    case "translate": {
      const { op: _, source, address, ...rest } = request;
      return { type: "AtsRequest", device: deviceOf(source), iova: iova(address), ...rest };
    }
    case "pageRequest": {
      const { op: _, source, address, ...rest } = request;
      return { type: "PageRequest", device: deviceOf(source), iova: iova(address), ...rest };
    }
    case "deviceAnswer": {
      const { source, result } = request;
      return { type: "DeviceTlbAnswer", device: deviceOf(source), result };
    }
    default:
      return undefined;
  }
}
