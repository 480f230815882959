import { computed } from "@preact/signals";
import type { EventRow, Lane } from "../protocol.ts";
import { resource } from "./resource.ts";
import * as store from "./store.ts";

/** Events that are asked for by name at most. */
const named = 80;

/** The events of the stretch that is shown, where there is room for their names. */
export const rowsInView = resource(store.client, "rows", () => {
  const { from, to } = store.shown.value;
  if (store.log.value === undefined || to - from > named) return undefined;
  return { from: Math.floor(from) + 1, count: Math.ceil(to - from) + 1 };
});

/** The rows of the events that arrows lead from and to. */
export const linkedRows = computed(() => {
  const links = store.chain.value.value?.links ?? [];
  return [...new Set(links.flatMap(({ from, to }) => [from, to]))];
});

const linked = resource(store.client, "events", () => {
  const seqs = linkedRows.value;
  return store.log.value === undefined || seqs.length === 0 ? undefined : { seqs };
});

const laneOfRow = (lanes: readonly Lane[], row: EventRow): number =>
  lanes.findIndex(({ key }) => key === row.lane);

/** The lanes of events that are drawn by themselves. */
export const placesOfRows = computed(() => {
  const lanes = store.log.value?.lanes ?? [];
  const rows = [...(rowsInView.value.value ?? []), ...(linked.value.value ?? [])];
  return new Map(rows.map((row) => [row.seq, laneOfRow(lanes, row)]));
});
