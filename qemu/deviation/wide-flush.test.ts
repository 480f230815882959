import { expect, test } from "vitest";
import { given } from "../../properties/examples/given.ts";
import {
  dids,
  pasids,
  scalableBooted,
  scalableUnit,
} from "../../properties/examples/scalable-driver.ts";
import { announce, pasidPage, scalableQueue } from "../../properties/examples/scalable-queue.ts";
import type { Situation } from "../../target/deviation.ts";
import { queueDeviations } from "./queue-deviations.ts";

const ready = given(scalableUnit(), scalableBooted, scalableQueue);
const wide = pasidPage(dids.firstStage, pasids.firstStage, 0x3fn);

/** What explains a head that is elsewhere, after a flush and a descriptor of no type. */
function explained(target: bigint, flush = wide): string | undefined {
  const before = ready.world.guests[0];
  const scene = ready.when(announce(flush), announce(0n, 1));
  const step = { what: "register", register: { name: "IQH", model: 0x20n, target }, before };
  const situation = { ...step, facts: scene.facts } as unknown as Situation;
  const found = queueDeviations.filter(({ id }) => id === "pasid-mask-refused");
  return found.map(({ explains }) => explains(situation)).join();
}

test("[QF1] a refused wide flush is known by the head where the model halts later", () => {
  expect(explained(0n)).toBe("end");
  expect(explained(0x40n)).toBe("");
  expect(explained(0n, pasidPage(dids.firstStage, pasids.firstStage, 0n))).toBe("");
});
