import type { DmaExplanation } from "../../history/explanation.ts";

/** What a story is about. */
export type Plot = DmaExplanation;

/** How sentences name an event. */
export const eventName = (seq: number): string => `event ${seq.toString()}`;
