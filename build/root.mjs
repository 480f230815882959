import { fileURLToPath } from "node:url";

/** The folder that holds package.json: absolute, without a slash at its end. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
