import type { Input, InputOf } from "./input.ts";

const registerPage = 4096;

/** Which field of an input cannot be, and why; as it follows on the field's name. */
export interface Impossible {
  readonly field: string;
  readonly why: string;
}

const beyondPage: Impossible = { field: "offset", why: "goes beyond the register page" };

/** What is wrong with what was seen of an interrupt request: it became a message or was blocked. */
function observedMsi(observed: InputOf<"MsiRequest">["observed"]): Impossible | undefined {
  if (observed === undefined) return undefined;
  const { address, data, reason } = observed;
  const isMessage = address !== undefined && data !== undefined && reason === undefined;
  const isBlocked = address === undefined && data === undefined && reason !== undefined;
  const why = "is neither the address and data of a message nor the reason of a fault";
  return isMessage || isBlocked ? undefined : { field: "observed", why };
}

/**
 * Why an input whose fields are each in range cannot be as a whole, or `undefined`: what a log may
 * not say. The fold takes it anyway, and uses the bytes that there are.
 */
export function impossible(input: Input): Impossible | undefined {
  switch (input.type) {
    case "RegisterWrite":
      if (input.offset + input.size > registerPage) return beyondPage;
      return input.value >> BigInt(input.size * 8) === 0n
        ? undefined
        : { field: "value", why: `does not fit ${input.size} bytes` };
    case "RegisterRead":
      return input.offset + input.size > registerPage ? beyondPage : undefined;
    case "MemoryWrite":
      if (input.bytes.length === 0) return { field: "bytes", why: "are none" };
      return input.gpa + BigInt(input.bytes.length) > 1n << 64n
        ? { field: "bytes", why: "go beyond 64-bit addresses" }
        : undefined;
    case "Dma":
      return input.observed?.gpa !== undefined && input.observed.reason !== undefined
        ? { field: "observed", why: "has both a GPA and the reason of a fault" }
        : undefined;
    case "MsiRequest":
      return observedMsi(input.observed);
    default:
      return undefined;
  }
}
