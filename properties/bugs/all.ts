import type { Bug } from "./bug.ts";
import { deviceBugs } from "./device-bugs.ts";
import { edgeBugs } from "./edge-bugs.ts";
import { eventBugs } from "./event-bugs.ts";
import { extendedBugs } from "./extended-bugs.ts";
import { firstStageBugs } from "./first-stage-bugs.ts";
import { historicBugs } from "./historic-bugs.ts";
import { hostCallBugs } from "./host-call-bugs.ts";
import { interruptBugs } from "./interrupt-bugs.ts";
import { invalidationBugs } from "./invalidation-bugs.ts";
import { owedBugs } from "./owed-bugs.ts";
import { rareBugs } from "./rare-bugs.ts";
import { requestBugs } from "./request-bugs.ts";
import { reservedBugs } from "./reserved-bugs.ts";
import { scalableBugs } from "./scalable-bugs.ts";
import { translationBugs } from "./translation-bugs.ts";
import { unitBugs } from "./unit-bugs.ts";
import { vvtdBugs } from "./vvtd-bugs.ts";
import { writeBufferBugs } from "./write-buffer-bugs.ts";

/** Every seeded bug. The model that ships knows nothing of them. */
export const bugs: readonly Bug[] = [
  ...translationBugs,
  ...invalidationBugs,
  ...reservedBugs,
  ...unitBugs,
  ...eventBugs,
  ...vvtdBugs,
  ...interruptBugs,
  ...firstStageBugs,
  ...scalableBugs,
  ...requestBugs,
  ...deviceBugs,
  ...historicBugs,
  ...owedBugs,
  ...edgeBugs,
  ...rareBugs,
  ...writeBufferBugs,
  ...extendedBugs,
  ...hostCallBugs,
];
