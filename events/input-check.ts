import type { Input } from "./input.ts";

const registerPage = 4096;

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
    default:
      return undefined;
  }
}
