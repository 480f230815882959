import type { Field } from "../field.ts";
import { FieldError } from "../field.ts";

const wrong = (form: string, raw: unknown): never => {
  const text = JSON.stringify(raw) ?? "nothing";
  const found = text.length > 40 ? `${text.slice(0, 37)}...` : text;
  throw new FieldError(`expected ${form}, found ${found}`);
};

/** A number whose known values are written by name. */
export function namedCode(names: Readonly<Record<string, number>>, high: number): Field<number> {
  const form = `${Object.keys(names).join(" | ")} | integer 0 to ${high}`;
  const byCode = new Map(Object.entries(names).map(([name, code]) => [code, name]));
  return {
    form,
    optional: false,
    toJson: (code) => byCode.get(code) ?? code,
    fromJson: (raw) => {
      if (typeof raw === "string" && Object.hasOwn(names, raw)) return names[raw] ?? 0;
      const fits = typeof raw === "number" && Number.isInteger(raw) && raw >= 0 && raw <= high;
      return fits ? raw : wrong(form, raw);
    },
  };
}

/** A text of at most `size` characters, all below 256: one byte each. */
export const shortText = (size: number): Field<string> =>
  latinText(size, `text of at most ${size} bytes`, () => true);

/** Such a text that a zero byte ends, so that it can have none. */
export const textBeforeZero = (size: number): Field<string> =>
  latinText(size, `text of at most ${size} bytes, none zero`, (raw) => !raw.includes("\0"));

function latinText(size: number, form: string, fits: (raw: string) => boolean): Field<string> {
  const isLatin = (raw: string): boolean => {
    for (let at = 0; at < raw.length; at++) if (raw.charCodeAt(at) > 0xff) return false;
    return true;
  };
  return {
    form,
    optional: false,
    toJson: (value) => value,
    fromJson: (raw) =>
      typeof raw === "string" && raw.length <= size && isLatin(raw) && fits(raw)
        ? raw
        : wrong(form, raw),
  };
}

/** One step of a device's path. */
export interface PathStep {
  readonly device: number;
  readonly function: number;
}

/** `1f.2` for device 1fh, function 2. */
export const formatStep = (step: PathStep): string =>
  `${step.device.toString(16).padStart(2, "0")}.${step.function.toString(16)}`;

/** A step of a path, hexadecimal; each part is a byte, whatever PCI allows. */
export const pathStep: Field<PathStep> = {
  form: "device.function like 1f.2",
  optional: false,
  toJson: formatStep,
  fromJson: (raw) => {
    const match = typeof raw === "string" && /^([0-9a-f]{1,2})\.([0-9a-f]{1,2})$/i.exec(raw);
    if (!match) return wrong("device.function like 1f.2", raw);
    const [device = 0, fn = 0] = match.slice(1).map((part) => Number.parseInt(part, 16));
    return { device, function: fn };
  },
};
