import type { Input, InputOf } from "./input.ts";

const registerPage = 4096;

/** What is wrong with what was seen of an interrupt request: it became a message or was blocked. */
function observedMsi(observed: InputOf<"MsiRequest">["observed"]): string | undefined {
  if (observed === undefined) return undefined;
  const { address, data, reason } = observed;
  const isMessage = address !== undefined && data !== undefined && reason === undefined;
  const isBlocked = address === undefined && data === undefined && reason !== undefined;
  return isMessage || isBlocked
    ? undefined
    : "observed: either address and data of a message or the reason of a fault";
}

/**
 * Why an input whose fields are each in range cannot be as a whole, or `undefined`: what a log may
 * not say. The fold takes it anyway, and uses the bytes that there are.
 */
export function impossible(input: Input): string | undefined {
  switch (input.type) {
    case "RegisterWrite":
      if (input.offset + input.size > registerPage) return "goes beyond the register page";
      return input.value >> BigInt(input.size * 8) === 0n
        ? undefined
        : `value does not fit ${input.size} bytes`;
    case "RegisterRead":
      return input.offset + input.size > registerPage ? "goes beyond the register page" : undefined;
    case "MemoryWrite":
      if (input.bytes.length === 0) return "writes no bytes";
      return input.gpa + BigInt(input.bytes.length) > 1n << 64n
        ? "goes beyond 64-bit addresses"
        : undefined;
    case "Dma":
      return input.observed?.gpa !== undefined && input.observed.reason !== undefined
        ? "observed: either a GPA or the reason of a fault"
        : undefined;
    case "MsiRequest":
      return observedMsi(input.observed);
    default:
      return undefined;
  }
}
