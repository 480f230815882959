import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Deviation } from "../../target/deviation.ts";
import { InputError } from "../input-error.ts";

const isDeviation = (value: unknown): value is Deviation => {
  const { id, explains } = (value ?? {}) as { id?: unknown; explains?: unknown };
  return typeof id === "string" && typeof explains === "function";
};

/** The deviations that a module exports, as `deviations` or by default. @throws InputError */
export async function deviationsIn(path: string): Promise<readonly Deviation[]> {
  const fail = (why: string) => new InputError(`--deviations ${path}: ${why}`);
  let module: { readonly deviations?: unknown; readonly default?: unknown };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw fail(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "cannot be loaded");
  }
  const list = module.deviations ?? module.default;
  if (Array.isArray(list) && list.every(isDeviation)) return list;
  throw fail("exports no list of deviations, each with id and explains");
}
