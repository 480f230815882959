import { contextEvolvers } from "./context/evolve-context.ts";
import { deviceEvolvers } from "./device/evolve-device.ts";
import { requestEvolvers } from "./device/evolve-request.ts";
import type { Evolvers } from "./evolver.ts";
import { faultEvolvers } from "./fault/evolve-fault.ts";
import { firstStageEvolvers } from "./first-stage/evolve-first-stage.ts";
import { hostEvolvers } from "./host/evolve-host.ts";
import { interruptEvolvers } from "./interrupt/evolve-interrupt.ts";
import { lifeEvolvers } from "./life/evolve-life.ts";
import { memoryEvolvers } from "./memory/evolve-memory.ts";
import { p2mEvolvers } from "./memory/evolve-p2m.ts";
import { pageRequestEvolvers } from "./page-request/evolve-page-request.ts";
import { queueEvolvers } from "./queue/evolve-queue.ts";
import { registerEvolvers } from "./registers/registers.ts";
import { shadowEvolvers } from "./shadow/evolve-shadow.ts";

/** What every fact does to its guest, unit by unit. */
export const evolvers: Evolvers = {
  ...lifeEvolvers,
  ...registerEvolvers,
  ...contextEvolvers,
  ...queueEvolvers,
  ...faultEvolvers,
  ...interruptEvolvers,
  ...memoryEvolvers,
  ...p2mEvolvers,
  ...shadowEvolvers,
  ...firstStageEvolvers,
  ...hostEvolvers,
  ...deviceEvolvers,
  ...requestEvolvers,
  ...pageRequestEvolvers,
};
