import { controlFacets } from "./control.ts";
import { deviceFacets } from "./devices.ts";
import type { Facet } from "./facet.ts";
import { eventFacets, faultFacets } from "./faults.ts";
import { firstStageFacets } from "./first-stage.ts";
import { interruptFacets } from "./interrupts.ts";
import { pageRequestFacets } from "./page-requests.ts";
import { protectionFacets } from "./protection.ts";
import { queueFacets } from "./queue.ts";
import { scalableFacets } from "./scalable.ts";
import { translationFacets } from "./translation.ts";

/** Every side of a rule that an implementation can show from outside. */
export const facets: readonly Facet[] = [
  ...[...translationFacets, ...controlFacets, ...protectionFacets],
  ...[...queueFacets, ...faultFacets, ...eventFacets, ...pageRequestFacets],
  ...[...deviceFacets, ...interruptFacets, ...scalableFacets, ...firstStageFacets],
];

/** The name of a facet: its rule's id, and its side if it has several. */
export const nameOf = ({ rule, side }: Facet): string => (side === "" ? rule : `${rule} (${side})`);
