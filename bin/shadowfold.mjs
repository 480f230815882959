#!/usr/bin/env node
import { existsSync } from "node:fs";

// A checkout installs and builds what is stale; an installed package has dist/ and no build/.
const build = new URL("../build/bundle.mjs", import.meta.url);
if (existsSync(build)) await import(build.href);
await import("../dist/shadowfold.mjs");
