import { createHmac, randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const keyBytes = 32;

/** The folder for what lasts between runs of the program and nobody else is to read. */
function stateFolder(): string {
  const { XDG_STATE_HOME: own = "", LOCALAPPDATA: local = "" } = process.env;
  if (isAbsolute(own)) return join(own, "shadowfold");
  if (process.platform === "win32" && isAbsolute(local)) return join(local, "shadowfold");
  return join(homedir(), ".local", "state", "shadowfold");
}

/** Whether a file is this user's alone. */
function isPrivate(path: string): boolean {
  const stat = lstatSync(path);
  if (!stat.isFile() || stat.size !== keyBytes) return false;
  if (process.getuid === undefined) return true;
  return stat.uid === process.getuid() && (stat.mode & 0o077) === 0;
}

/** This user's key, made when there is none; `undefined` where none can be kept in private. */
function ownKey(): Buffer | undefined {
  const folder = stateFolder();
  const path = join(folder, "debug.key");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      writeFileSync(path, randomBytes(keyBytes), { flag: "wx", mode: 0o600 });
    } catch {
      // It is there already, or is not to be had.
    }
    return isPrivate(path) ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The token of a page that is served at a port which was asked for: the same each time for one
 * file, address and port, so that a page whose server went away finds it again. Nobody can tell it
 * who has not this user's key.
 *
 * @returns `undefined` where no key can be kept that only this user may read.
 */
export function lastingToken(file: string, host: string, port: number): string | undefined {
  const key = ownKey();
  if (key === undefined) return undefined;
  const place = JSON.stringify([realpathSync(file), host, port]);
  return createHmac("sha256", key).update(place).digest("hex").slice(0, 32);
}
