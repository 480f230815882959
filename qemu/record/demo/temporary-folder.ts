import { mkdtempSync, rmSync } from "node:fs";
import { constants } from "node:os";

/** A folder that goes when it is no longer needed. */
export interface TemporaryFolder {
  readonly path: string;
  /** Removes it and what is in it. May be called twice. */
  readonly remove: () => void;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Makes a folder that is removed at the latest when this process ends, by itself or by a signal.
 *
 * @param prefix  its path without the last six characters, which are drawn.
 */
export function temporaryFolder(prefix: string): TemporaryFolder {
  const path = mkdtempSync(prefix);
  // A program that was just killed may still be writing there.
  const retries = { maxRetries: 20, retryDelay: 50 };
  const clean = (): void => rmSync(path, { recursive: true, force: true, ...retries });
  // The end of the process removes what else is to be removed.
  const end = (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]);
  process.once("exit", clean);
  for (const signal of signals) process.on(signal, end);
  const remove = (): void => {
    clean();
    process.off("exit", clean);
    for (const signal of signals) process.off(signal, end);
  };
  return { path, remove };
}
