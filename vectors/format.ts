import { impossible } from "../events/input-check.ts";
import { parseJson } from "../events/json.ts";
import type { Profile } from "../events/profile/profile.ts";
import { profileOf } from "../events/profile/profile.ts";
import { ProfileError } from "../events/profile/profile-check.ts";
import type { Fields } from "../target/fields.ts";
import { FieldError, fieldsOf, needed, number, shown, text, word } from "../target/fields.ts";
import type { UnitWords } from "../target/implementation.ts";
import { inputOf } from "./input-of.ts";
import { caseFields, expectationIn, requestIn } from "./step-fields.ts";
import type { Vector, VectorStep } from "./vector.ts";

/** The version of the format. */
export const formatVersion = 1;

/** A file of vectors. */
export interface VectorFile {
  readonly profile: string;
  /** What the unit that they are for can do. */
  readonly words: UnitWords;
  readonly vectors: readonly Vector[];
  /** The line of each case, by its id. */
  readonly lines: ReadonlyMap<string, number>;
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
  return value;
}

/** What a reader makes of a value. @throws VectorFileError for what it refuses. */
function reading<T>(line: number, name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new VectorFileError(line, `${name} ${error.message}`);
  }
}

function stepOf(value: unknown): VectorStep {
  if (!object(value)) throw new FieldError("has to be an object");
  const { expect, about, ...asked } = value;
  const request = requestIn(asked);
  if (!object(expect)) throw new FieldError("lacks the field expect");
  const input = inputOf(request);
  const wrong = input && impossible(input);
  if (wrong !== undefined)
    throw new FieldError(`asks what cannot be: ${wrong.field}: ${wrong.why}`);
  const told = fieldsOf({ about: { read: text } }, { about });
  return { request, expect: expectationIn(request, expect), ...told };
}

function vectorOf(line: string, at: number): Vector {
  const { steps, ...fields } = parseLine(line, at);
  const about = fieldsOf(caseFields, fields) as Pick<Vector, "id"> & Partial<Vector>;
  if (!Array.isArray(steps) || steps.length === 0) {
    throw new FieldError(`lacks its steps: ${about.id}`);
  }
  const read = steps.map((step: unknown, index) =>
    reading(at, `step ${(index + 1).toString()} of ${about.id}`, () => stepOf(step)),
  );
  return { rules: [], why: "", needs: [], ...about, steps: read };
}

/** What the first line says. @throws VectorFileError when it is not that of a file of vectors. */
function headOf(first: string) {
  const { vectors: version, ...fields } = parseLine(first, 1);
  if (version === undefined) throw new VectorFileError(1, "no file of vectors");
  if (version !== formatVersion) {
    throw new VectorFileError(1, `format ${shown(version)}, which is not known`);
  }
  const head = reading(1, "the head", () => fieldsOf(headFields, fields)) as Head;
  try {
    profileOf(head);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    throw new VectorFileError(1, `is for a unit that cannot be: ${error.message}`);
  }
  return head;
}

const headFields: Fields = {
  ...{ profile: needed(text), ver: needed(word), cap: needed(word), ecap: needed(word) },
  cases: { read: number(Number.MAX_SAFE_INTEGER) },
};

interface Head extends UnitWords {
  readonly profile: string;
  readonly cases?: number;
}

/** Reads a file of vectors. @throws VectorFileError when it is none. */
export function decodeVectors(all: string): VectorFile {
  if (all.trim() === "") throw new VectorFileError(1, "is empty");
  const [first = "", ...rest] = all.split("\n");
  const { profile, cases, ver, cap, ecap } = headOf(first);
  const lines = new Map<string, number>();
  const vectors = rest.flatMap((line, index) => {
    if (line === "") return [];
    const at = index + 2;
    const vector = reading(at, "a case", () => vectorOf(line, at));
    const other = lines.get(vector.id);
    if (other !== undefined) {
      const where = `as line ${other.toString()} has`;
      throw new VectorFileError(at, `a case has the id ${vector.id}, ${where}`);
    }
    lines.set(vector.id, at);
    return [vector];
  });
  if (cases !== undefined && cases !== vectors.length) {
    const found = `${vectors.length.toString()} cases instead of ${cases.toString()}`;
    throw new VectorFileError(1, `the file is cut or was changed: it has ${found}`);
  }
  return { profile, words: { ver, cap, ecap }, vectors, lines };
}
