import { writeFileSync } from "node:fs";
import { fileError, InputError } from "./input-error.ts";
import { partOf } from "./part-file.ts";

/**
 * Writes texts, each whole or not at all. What was found is told whether it can be saved or not, so
 * nothing is thrown.
 *
 * @param texts  by file.
 * @returns why the first that could not be written was not; those after it were not tried.
 */
export function saveTexts(texts: Readonly<Record<string, string>>): InputError | undefined {
  for (const [file, text] of Object.entries(texts)) {
    const part = partOf(file);
    try {
      writeFileSync(part.path, text);
      part.keep();
    } catch (error) {
      part.drop();
      return error instanceof InputError ? error : fileError(file, error);
    }
  }
  return undefined;
}
