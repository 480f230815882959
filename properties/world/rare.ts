import { pick } from "./driver.ts";
import type { Command } from "./mapping-commands.ts";
import { more } from "./mapping-commands.ts";
import * as any from "./rare-commands.ts";
import * as scalable from "./rare-scalable.ts";

const anywhere: readonly Command[] = [
  ...[any.twoErrors, any.twoErrors, any.modelAsksFar, any.modelAsksFar, any.protectAll],
  ...[any.twoBehindAlias, any.lastPages, any.aroundInterrupts, any.aroundInterrupts],
  ...[any.protectAndSplit, any.protectAndSplit, any.translatedWhileOff, any.flushBuffer],
  ...[any.linkedTwice, any.linkedTwice],
];
const inLegacyMode: readonly Command[] = [...anywhere, any.askForLess, any.askForLess];
const inScalableMode: readonly Command[] = [
  ...[...anywhere, any.oddTails, scalable.memoryType, scalable.memoryType, scalable.lastOfWidth],
  ...[scalable.lastOfWidth, scalable.writtenThenRead, scalable.writtenThenRead],
  ...[scalable.writtenThenRead, scalable.goneAndBack, scalable.goneAndBack, scalable.strayAnswer],
  ...[scalable.strayAnswer, scalable.heldAndTaken, scalable.heldAndTaken],
];

/** Something of a few inputs that belong together, which nothing drawn one by one comes upon. */
export const rare: Command = (driver, draw, manner) => {
  const kinds = driver.isScalable ? inScalableMode : inLegacyMode;
  pick(kinds, more(draw, 44))(driver, draw, manner);
};
