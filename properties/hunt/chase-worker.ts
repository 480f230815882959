import { parentPort, workerData } from "node:worker_threads";
import type { Chase } from "./chase.ts";
import { chase } from "./chase.ts";

parentPort?.postMessage(chase(workerData as Chase));
