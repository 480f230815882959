import * as context from "./context-commands.ts";
import * as device from "./device-commands.ts";
import type { Driver } from "./driver.ts";
import * as first from "./first-stage-commands.ts";
import { hostAffairs } from "./host-commands.ts";
import * as interrupt from "./interrupt-commands.ts";
import type { Command } from "./mapping-commands.ts";
import * as mapping from "./mapping-commands.ts";
import * as nested from "./nested-commands.ts";
import * as outside from "./outside-commands.ts";
import * as pasid from "./pasid-commands.ts";
import * as invalidation from "./pasid-invalidations.ts";
import * as request from "./pasid-requests.ts";
import { rare } from "./rare.ts";
import * as register from "./register-commands.ts";
import { seldom } from "./seldom-commands.ts";
import * as toolstack from "./toolstack-commands.ts";
import * as unit from "./unit-commands.ts";
import { scribbleOrWeb } from "./web-commands.ts";

type Weighted = readonly (readonly [number, Command])[];

/** Each kind of command of a unit in legacy mode with how often it is drawn. */
const legacy: Weighted = [
  [6, mapping.map],
  [3, mapping.unmap],
  [4, mapping.protect],
  [2, mapping.split],
  [2, mapping.relink],
  [1, scribbleOrWeb],
  [2, unit.context],
  [3, unit.invalidate],
  [1, unit.widen],
  [2, unit.batch],
  [1, unit.wrongDescriptor],
  [1, unit.fillRing],
  [1, unit.strayTail],
  [1, register.toggle],
  [2, register.clearFaults],
  [1, register.eventLine],
  [2, register.registers],
  [1, register.protectMemory],
  [1, register.flushCache],
  [9, outside.dma],
  [2, outside.issue],
  [2, outside.complete],
  [1, outside.msi],
  [2, interrupt.interruptTable],
  [5, interrupt.interruptEntry],
  [6, interrupt.interruptRequest],
  [2, interrupt.interruptInvalidation],
  [2, interrupt.postedDescriptor],
  [2, outside.p2mUnmap],
  [2, outside.p2mProtect],
  [3, outside.p2mMap],
  [1, outside.p2mRenew],
  [1, outside.devices],
  [1, outside.answer],
  [8, seldom],
  [2, toolstack.life],
  [4, toolstack.ask],
  [1, request.strayDma],
  [1, device.atsRequest],
  [1, device.translatedDma],
  [1, device.pageRequest],
  [6, rare],
];

/** The same of a unit that has scalable mode, in which it mostly works. */
const scalable: Weighted = [
  [26, request.pasidDma],
  [8, request.pasidBurst],
  [6, request.pasidIssue],
  [5, outside.complete],
  [3, request.pasidAsk],
  [14, first.mapStage],
  [6, first.unmapStage],
  [7, first.protectStage],
  [3, first.splitStage],
  [6, first.relinkStage],
  [5, first.ageStage],
  [2, first.scribbleStage],
  [12, nested.undermine],
  [6, nested.undermineHost],
  [2, nested.heal],
  [5, mapping.map],
  [3, mapping.unmap],
  [3, mapping.protect],
  [2, mapping.split],
  [2, mapping.relink],
  [1, scribbleOrWeb],
  [7, pasid.pasidEntry],
  [5, pasid.editEntry],
  [3, pasid.clearEntry],
  [4, context.directoryEntry],
  [7, context.scalableContext],
  [2, context.scalableRoot],
  [2, context.switchMode],
  [6, invalidation.invalidatePasid],
  [3, invalidation.invalidateDevice],
  [3, invalidation.pasidBatch],
  [1, invalidation.wrongPasidDescriptor],
  [2, unit.invalidate],
  [1, unit.batch],
  [1, unit.wrongDescriptor],
  [1, unit.fillRing],
  [1, unit.strayTail],
  [12, device.atsRequest],
  [9, device.translatedDma],
  [9, device.pageRequest],
  [6, device.pageResponse],
  [3, device.pageQueue],
  [3, device.deviceAnswer],
  [3, device.recoverQueue],
  [2, register.toggle],
  [8, register.clearFaults],
  [1, register.eventLine],
  [2, register.registers],
  [1, register.protectMemory],
  [1, register.flushCache],
  [3, outside.dma],
  [1, interrupt.interruptEntry],
  [1, interrupt.interruptRequest],
  [1, interrupt.interruptInvalidation],
  [2, outside.p2mUnmap],
  [3, outside.p2mProtect],
  [4, outside.p2mMap],
  [2, outside.p2mRenew],
  [1, outside.devices],
  [18, seldom],
  [1, toolstack.life],
  [1, toolstack.ask],
  [1, unit.context],
  [16, rare],
];

/** Kinds that a driver who follows the rules does not do. */
const hostile: ReadonlySet<Command> = new Set<Command>([
  ...[scribbleOrWeb, first.scribbleStage],
  unit.wrongDescriptor,
  invalidation.wrongPasidDescriptor,
  unit.strayTail,
]);

/** Kinds that every world has. */
const always: ReadonlySet<Command> = new Set<Command>([
  mapping.map,
  outside.dma,
  request.pasidDma,
  first.mapStage,
]);

/** Kinds that are about the host, devices or other guests: what a binary cannot be made to do. */
export const outsideKinds: ReadonlySet<Command> = new Set<Command>([
  ...[outside.complete, outside.p2mUnmap, outside.p2mProtect, outside.p2mMap, outside.p2mRenew],
  ...[outside.devices, outside.answer, seldom, rare, toolstack.life, toolstack.ask],
  ...[request.pasidAsk, request.strayDma, nested.undermineHost],
  ...[register.flushCache, register.protectMemory],
  ...[device.atsRequest, device.translatedDma, device.pageRequest, device.pageResponse],
  ...[device.pageQueue, device.deviceAnswer, device.recoverQueue, hostAffairs],
]);

/** As many kinds as a swarm has to draw from. */
export const kindCount = Math.max(legacy.length, scalable.length);

/** Every kind of command that a driver may draw, as often as its weight. */
export type Kinds = (driver: Driver) => readonly Command[];

/**
 * The kinds of one world.
 *
 * @param swarm      one bit a kind: whether the world has it.
 * @param ruleFollowing  without those that no rule allows.
 * @param without        kinds that are left out, whatever the swarm says.
 */
export function kindsOf(
  swarm: bigint,
  ruleFollowing: boolean,
  without: ReadonlySet<Command> = new Set(),
): Kinds {
  const chosen = (weighted: Weighted): readonly Command[] =>
    weighted.flatMap(([weight, kind], index) =>
      (always.has(kind) || ((swarm >> BigInt(index)) & 1n) === 1n) &&
      !(ruleFollowing && hostile.has(kind)) &&
      !without.has(kind)
        ? new Array<Command>(weight).fill(kind)
        : [],
    );
  const made = new Map<Weighted, readonly Command[]>();
  return ({ profile }) => {
    const weighted = profile.smts ? scalable : legacy;
    const commands = made.get(weighted) ?? chosen(weighted);
    made.set(weighted, commands);
    return commands;
  };
}
