import { allRights } from "../../properties/examples/device-driver.ts";
import { memory } from "../../properties/examples/driver.ts";
import {
  firstStage,
  gva,
  pasids,
  readsAs,
  scalableOn,
  scalableTables,
  slot,
} from "../../properties/examples/scalable-driver.ts";
import { scalableQueue } from "../../properties/examples/scalable-queue.ts";
import type { Part } from "./part.ts";

/** The unit of the cases. */
export const scalable = "everything-scalable";
/** PASIDs of its tables. */
export const { firstStage: first, nested, rid } = pasids;
/** The entry of the page that the first stage maps. */
export const leaf = slot(firstStage.l1, 1, gva);
/** Tables, translation and the queue on. */
export const ready: Part = [scalableTables, allRights, scalableOn, scalableQueue];
/** A device reads the page. */
export const reading = readsAs(first, gva);
/** The page is mapped elsewhere. */
export const moved = memory(leaf, 0x9_0007n);
