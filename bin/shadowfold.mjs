#!/usr/bin/env node
import { existsSync } from "node:fs";

// A checkout installs and builds what is stale; an installed package has dist/ and no build/.
const tooling = new URL("../build/bundle.mjs", import.meta.url);
if (existsSync(tooling)) await (await import(tooling.href)).build();
await import("../dist/shadowfold.mjs");
