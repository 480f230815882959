import { bitsAreSet } from "./accessed.ts";
import { chartsAreFollowed } from "./chart-states.ts";
import { statusIsCleared } from "./cleared-status.ts";
import { nothingInFlight } from "./drained.ts";
import { eventsAreSent } from "./event-lines.ts";
import { faultsAreReported } from "./fault-reports.ts";
import { fewPagesAreTheSame } from "./few-pages.ts";
import { firstStagesOnce, noFirstStageStays } from "./first-invalidated.ts";
import {
  foldIsDeterministic,
  projectionIsTheFold,
  refusalsChangeNothing,
  seekingIsFolding,
} from "./folding.ts";
import { framesAreGranted } from "./granted.ts";
import { guestsAreApart } from "./guests-apart.ts";
import {
  blockedInterruptsAreReported,
  entriesAreRemembered,
  interruptsFollowTheTable,
  postsAreWhole,
} from "./interrupts.ts";
import { invalidatingTwice, nothingStaysCached } from "./invalidated.ts";
import type { Law } from "./law.ts";
import { modelsAreToldTheTruth, statusFollowsCommand, unitsComeAndGo } from "./life.ts";
import { marksAreCleared } from "./marks.ts";
import { memoryIsAlike } from "./memory-alike.ts";
import { otherFaultsAreReported } from "./other-faults.ts";
import { pageRequestsAreQueued } from "./page-requests.ts";
import { pendingIsKnown } from "./pending-known.ts";
import { queueRunsInOrder } from "./queue-order.ts";
import { queueGoesOn } from "./queue-rest.ts";
import { rebuildingIsTheSame } from "./rebuilt.ts";
import { recordsSayWhatHappened } from "./records-read.ts";
import { recordsAreCleared, registersKeepTheirRules } from "./register-rules.ts";
import { holesAreSilent, requestsAreAnswered } from "./requests.ts";
import { reservedPagesStay } from "./reserved.ts";
import { savedIsTheSame, spoiltIsRefused } from "./saved.ts";
import { shadowMatches, shadowWasRight, waitMeansDone } from "./shadow.ts";
import { statusStays } from "./status-stays.ts";
import { devicesUseWhatTheyWereTold } from "./translated.ts";

/** Every law that is checked over generated worlds. */
export const laws: readonly Law[] = [
  shadowMatches,
  shadowWasRight,
  rebuildingIsTheSame,
  fewPagesAreTheSame,
  pendingIsKnown,
  requestsAreAnswered,
  framesAreGranted,
  guestsAreApart,
  waitMeansDone,
  nothingStaysCached,
  invalidatingTwice,
  nothingInFlight,
  marksAreCleared,
  noFirstStageStays,
  firstStagesOnce,
  devicesUseWhatTheyWereTold,
  pageRequestsAreQueued,
  queueRunsInOrder,
  queueGoesOn,
  bitsAreSet,
  faultsAreReported,
  otherFaultsAreReported,
  eventsAreSent,
  holesAreSilent,
  registersKeepTheirRules,
  recordsAreCleared,
  recordsSayWhatHappened,
  statusIsCleared,
  memoryIsAlike,
  reservedPagesStay,
  interruptsFollowTheTable,
  entriesAreRemembered,
  postsAreWhole,
  blockedInterruptsAreReported,
  chartsAreFollowed,
  statusFollowsCommand,
  statusStays,
  unitsComeAndGo,
  modelsAreToldTheTruth,
  savedIsTheSame,
  spoiltIsRefused,
  foldIsDeterministic,
  seekingIsFolding,
  projectionIsTheFold,
  refusalsChangeNothing,
];
