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

/**
 * The value of a JSON text. All JSON that others wrote is read by it, so that nothing after it
 * meets a value that is nested too deep.
 *
 * @throws SyntaxError when the text is no JSON; NestingError when it is nested more than 64 deep.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Each level takes two characters: a short text, as most lines of a log are, needs no look.
  if (text.length > 2 * deepestJson && isDeeper(value, deepestJson)) throw new NestingError();
  return value;
}
