import type { Input } from "./input.ts";

const registerPage = 4096;

/** Which field of an input cannot be, and why; as it follows on the field's name. */
export interface Impossible {
  readonly field: string;
  readonly why: string;
}

const beyondPage: Impossible = { field: "offset", why: "goes beyond the register page" };

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
    default:
      return undefined;
  }
}
