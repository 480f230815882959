import { parseJson } from "../events/json.ts";
import type { Profile } from "../events/profile/profile.ts";
import type { Ability, Request, UnitWords } from "../target/implementation.ts";
import type { Expectation, Vector, VectorStep } from "./vector.ts";

/** The version of the format. */
export const formatVersion = 1;

/** A file of vectors. */
export interface VectorFile {
  readonly profile: string;
  /** What the unit that they are for can do. */
  readonly words: UnitWords;
  readonly vectors: readonly Vector[];
}

/** A file that is none of vectors: which line, and why. */
export class VectorFileError extends Error {
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

/** Numbers of 64 bits and bytes as hexadecimal digits, as in the protocol of targets. */
const plain = (_: string, value: unknown): unknown => {
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
};

const lineOfVector = ({ id, rules, why, needs, steps }: Vector): string =>
  JSON.stringify(
    {
      ...{ id, rules, why, needs },
      steps: steps.map(({ request, about, expect }) => ({
        ...request,
        ...(about === undefined ? {} : { about }),
        expect,
      })),
    },
    plain,
  );

/** A file's text: a line about the unit, and one a vector. */
export function encodeVectors(profile: Profile, vectors: readonly Vector[]): string {
  const { name, ver, cap, ecap } = profile;
  const head = { vectors: formatVersion, profile: name, ver, cap, ecap, cases: vectors.length };
  return [JSON.stringify(head, plain), ...vectors.map(lineOfVector), ""].join("\n");
}

const words: ReadonlySet<string> = new Set(["value", "address", "at", "ver", "cap", "ecap"]);
const bytes: ReadonlySet<string> = new Set(["bytes", "mask", "or"]);

/** A value with 64-bit numbers and bytes as they are used. @throws TypeError for a wrong one. */
function revived(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => revived("", each));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revived(key, one)]));
  }
  if (words.has(name)) {
    if (typeof value === "string" && /^0x[0-9a-f]{1,16}$/i.test(value)) return BigInt(value);
    throw new TypeError(`${name} has to be a number like "0x1f"`);
  }
  if (!bytes.has(name)) return value;
  if (typeof value !== "string" || !/^([0-9a-f]{2})*$/i.test(value)) {
    throw new TypeError(`${name} has to be hexadecimal digits, two a byte`);
  }
  return new Uint8Array(Buffer.from(value, "hex"));
}

const object = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseLine(text: string, line: number): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw new VectorFileError(line, "no JSON");
  }
  if (!object(value)) throw new VectorFileError(line, "no JSON object");
  try {
    return revived("", value) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new VectorFileError(line, error instanceof Error ? error.message : String(error));
  }
}

const operations: ReadonlySet<unknown> = new Set([
  ...["writeRegister", "readRegisters", "writeMemory", "readMemory", "dma", "interrupt"],
  ...["translate", "pageRequest", "deviceAnswer"],
]);

function stepOf(value: unknown, line: number): VectorStep {
  if (!object(value)) throw new VectorFileError(line, "a step has to be an object");
  const { expect, about, ...request } = value;
  if (!operations.has(request["op"])) {
    throw new VectorFileError(line, `a step has the unknown op ${JSON.stringify(request["op"])}`);
  }
  if (!object(expect)) throw new VectorFileError(line, "a step lacks expect");
  return {
    request: request as unknown as Request,
    expect: expect as Expectation,
    ...(typeof about === "string" ? { about } : {}),
  };
}

function vectorOf(text: string, line: number): Vector {
  const { id, rules, why, needs, steps } = parseLine(text, line);
  if (typeof id !== "string") throw new VectorFileError(line, "a case lacks its id");
  if (!Array.isArray(steps) || steps.length === 0) {
    throw new VectorFileError(line, `${id} lacks its steps`);
  }
  const list = (value: unknown): readonly string[] =>
    Array.isArray(value) ? value.map(String) : [];
  return {
    ...{ id, rules: list(rules), why: typeof why === "string" ? why : "" },
    needs: list(needs) as readonly Ability[],
    steps: steps.map((step) => stepOf(step, line)),
  };
}

/** Reads a file of vectors. @throws VectorFileError when it is none. */
export function decodeVectors(text: string): VectorFile {
  const [first = "", ...rest] = text.split("\n");
  const { vectors: version, profile, ver, cap, ecap, cases } = parseLine(first, 1);
  if (version === undefined) throw new VectorFileError(1, "no file of vectors");
  if (version !== formatVersion) {
    throw new VectorFileError(1, `format ${String(version)}, which is not known`);
  }
  if (typeof ver !== "bigint" || typeof cap !== "bigint" || typeof ecap !== "bigint") {
    throw new VectorFileError(1, "ver, cap and ecap have to say what the unit can do");
  }
  const vectors = rest.flatMap((line, index) => (line === "" ? [] : [vectorOf(line, index + 2)]));
  if (cases !== undefined && cases !== vectors.length) {
    const found = `${vectors.length} cases instead of ${String(cases)}`;
    throw new VectorFileError(1, `the file is cut or was changed: it has ${found}`);
  }
  const twice = vectors.find(({ id }, index) => vectors.findIndex((one) => one.id === id) < index);
  if (twice !== undefined) throw new VectorFileError(1, `two cases have the id ${twice.id}`);
  return { profile: String(profile), words: { ver, cap, ecap }, vectors };
}
