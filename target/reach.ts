import { connectModule, placeOf } from "./connection/module.ts";
import { connectStdio } from "./connection/stdio.ts";
import { implementationPlan } from "./implementation-target.ts";
import type { Wishes } from "./object-plan.ts";
import { wished } from "./object-plan.ts";
import type { TargetPlan } from "./target.ts";

/** A program that answers requests by its standard output, one JSON object a line. */
export const stdioPlan = (command: string, wishes: Wishes): TargetPlan =>
  implementationPlan({
    ...{ name: command, lanes: 2, ...wished(wishes) },
    connect: (end) => connectStdio(command, end),
  });

/** A module that makes the target, in a thread of its own. */
export const modulePlan = (place: string, wishes: Wishes): TargetPlan =>
  implementationPlan({
    ...{ name: place, lanes: 2, ...wished(wishes) },
    connect: (end) => connectModule(placeOf(place), wishes.patience, end),
  });
