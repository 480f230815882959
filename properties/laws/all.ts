import { framesAreGranted } from "./granted.ts";
import type { Law } from "./law.ts";
import { faultsAreReported, holesAreSilent, requestsAreAnswered } from "./requests.ts";
import { shadowMatches, shadowWasRight, waitMeansDone } from "./shadow.ts";

/** Every law that is checked over generated worlds. */
export const laws: readonly Law[] = [
  shadowMatches,
  shadowWasRight,
  framesAreGranted,
  waitMeansDone,
  requestsAreAnswered,
  faultsAreReported,
  holesAreSilent,
];
