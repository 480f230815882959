import { accessSync, constants } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Deviation } from "../../target/deviation.ts";
import { InputError, systemReason } from "../input-error.ts";

const isDeviation = (value: unknown): value is Deviation => {
  const { id, explains } = (value ?? {}) as { id?: unknown; explains?: unknown };
  return typeof id === "string" && typeof explains === "function";
};

/** The deviations that a module exports, as `deviations` or by default. @throws InputError */
export async function deviationsIn(path: string): Promise<readonly Deviation[]> {
  const fail = (why: string) => new InputError(`--deviations ${path}: ${why}`);
  const file = resolve(path);
  try {
    // Of a file that is not there Node says more than where it is.
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw fail(systemReason(error));
  }
  let module: { readonly deviations?: unknown; readonly default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
    throw fail(`cannot be loaded: ${why.replace(/ imported from .*$/, "")}`);
  }
  const list = module.deviations ?? module.default;
  if (Array.isArray(list) && list.every(isDeviation)) return list;
  throw fail("exports no list of deviations, each with id and explains");
}
