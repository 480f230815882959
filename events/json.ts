/** The deepest nesting of lists and objects that is read; no log and no table needs a tenth. */
export const deepestJson = 64;

/** Text that is JSON, but nested too deep for whoever looks at each value in turn. */
export class NestingError extends SyntaxError {
  constructor() {
    super(`JSON nested more than ${deepestJson} deep`);
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeper(item, levels - 1)) return true;
  return false;
}

/** Text that gives one key of an object twice; readers differ in which of the values they take. */
export class RepeatedKeyError extends SyntaxError {
  constructor(key: string) {
    super(`the key ${key} is given twice`);
  }
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const item of Object.values(value)) count += countKeys(item);
  return count;
}

/** How often a quote stands before a colon: once a key, and perhaps within a string. */
function countColons(text: string): number {
  let count = 0;
  for (let at = text.indexOf('":'); at !== -1; at = text.indexOf('":', at + 2)) count += 1;
  return count;
}

const spacedColon = /"\s+:/;
const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;

/** The first key that an object of the text has twice, as it is written there. */
function repeatedKey(text: string): string | undefined {
  const open: Set<unknown>[] = [];
  for (const [all, colon] of text.matchAll(token)) {
    if (all === "{") open.push(new Set());
    else if (all === "}") open.pop();
    else if (colon !== undefined) {
      const key = all.slice(0, -colon.length);
      const name = parseJson(key);
      if (open.at(-1)?.has(name) === true) return key;
      open.at(-1)?.add(name);
    }
  }
  return undefined;
}

/**
 * The value of a JSON text. All JSON that others wrote is read by it, so that nothing after it
 * meets a value that is nested too deep.
 *
 * @throws SyntaxError when the text is no JSON; NestingError when it is nested more than 64 deep;
 *   RepeatedKeyError when one of its objects has a key twice.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Each level takes two characters: a short text, as most lines of a log are, needs no look.
  if (text.length > 2 * deepestJson && isDeeper(value, deepestJson)) throw new NestingError();
  if (spacedColon.test(text) || countKeys(value) !== countColons(text)) {
    const key = repeatedKey(text);
    if (key !== undefined) throw new RepeatedKeyError(key);
  }
  return value;
}
