import { bitsAreSet } from "./accessed.ts";
import { hostRefusesRightly } from "./blocked-requests.ts";
import { callsAreNeeded } from "./calls-needed.ts";
import { callsReachTheSame } from "./calls-reach.ts";
import { callsReachNoMore } from "./calls-within.ts";
import { unitsSayWhatTheyAre } from "./capabilities-read.ts";
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
import { entriesFitDevices } from "./host-entries.ts";
import { entriesAreAsRead } from "./host-entries-read.ts";
import {
  blockedInterruptsAreReported,
  entriesAreRemembered,
  interruptsFollowTheTable,
  postsAreWhole,
} from "./interrupts.ts";
import { invalidatingTwice, nothingStaysCached } from "./invalidated.ts";
import { writesAreSeenInTime } from "./late-writes.ts";
import type { Law } from "./law.ts";
import { statusFollowsCommand, unitsComeAndGo } from "./life.ts";
import { lostWritesAreTold } from "./lost-writes.ts";
import { marksAreCleared } from "./marks.ts";
import { memoryIsAlike } from "./memory-alike.ts";
import { modelsAreToldTheTruth } from "./model-answers.ts";
import { otherFaultsAreReported } from "./other-faults.ts";
import { pageRequestsAreQueued } from "./page-requests.ts";
import { pathsAreMarked } from "./path-marks.ts";
import { pendingIsKnown } from "./pending-known.ts";
import { queueRunsInOrder } from "./queue-order.ts";
import { queueGoesOn } from "./queue-rest.ts";
import { queueIsTold } from "./queue-told.ts";
import { rebuildingIsTheSame } from "./rebuilt.ts";
import { recordsSayWhatHappened } from "./records-read.ts";
import { registersCommand } from "./register-commands.ts";
import { recordsAreCleared, registersKeepTheirRules } from "./register-rules.ts";
import { holesAreSilent, requestsAreAnswered } from "./requests.ts";
import { reservedPagesStay } from "./reserved.ts";
import { savedIsTheSame, spoiltIsRefused } from "./saved.ts";
import { shadowMatches, shadowWasRight, waitMeansDone } from "./shadow.ts";
import { statusStays } from "./status-stays.ts";
import { inputsAreAnswered } from "./told-of-input.ts";
import { nothingIsToldTwice } from "./told-once.ts";
import { statusIsTold } from "./told-status.ts";
import { devicesUseWhatTheyWereTold } from "./translated.ts";
import { translationsAreRight } from "./translation-answers.ts";
import { walksAreRemembered } from "./walk-caches.ts";
import { websAreTold } from "./webs-told.ts";

/** Every law that is checked over generated worlds. */
export const laws: readonly Law[] = [
  shadowMatches,
  shadowWasRight,
  rebuildingIsTheSame,
  fewPagesAreTheSame,
  pendingIsKnown,
  pathsAreMarked,
  entriesFitDevices,
  entriesAreAsRead,
  requestsAreAnswered,
  hostRefusesRightly,
  translationsAreRight,
  framesAreGranted,
  guestsAreApart,
  callsReachTheSame,
  callsReachNoMore,
  callsAreNeeded,
  waitMeansDone,
  nothingStaysCached,
  invalidatingTwice,
  nothingInFlight,
  marksAreCleared,
  websAreTold,
  noFirstStageStays,
  firstStagesOnce,
  devicesUseWhatTheyWereTold,
  pageRequestsAreQueued,
  queueRunsInOrder,
  queueGoesOn,
  queueIsTold,
  bitsAreSet,
  walksAreRemembered,
  faultsAreReported,
  otherFaultsAreReported,
  eventsAreSent,
  statusIsTold,
  nothingIsToldTwice,
  inputsAreAnswered,
  lostWritesAreTold,
  holesAreSilent,
  registersKeepTheirRules,
  recordsAreCleared,
  recordsSayWhatHappened,
  unitsSayWhatTheyAre,
  registersCommand,
  statusIsCleared,
  memoryIsAlike,
  writesAreSeenInTime,
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
