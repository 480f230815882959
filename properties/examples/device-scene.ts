import { FaultRecord } from "../../events/fault/fault-record.ts";
import { PageRequestEntry } from "../../events/page-request/page-request-entry.ts";
import { at } from "../../events/registers/offset.ts";
import { asks, asksFor, deviceBooted, deviceUnit, pageQueue } from "./device-driver.ts";
import { write8 } from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import type { Rights } from "./scalable-driver.ts";
import { firstStage, gva, pasids, slot } from "./scalable-driver.ts";
import { record } from "./unit.ts";

/** Requests with the PASID of the first stage, and the entry of its leaf. */
export const first: Rights = { pasid: pasids.firstStage };
export const leaf = slot(firstStage.l1, 1, gva);

/** A device that may do everything, and the same once its TLB holds a page. */
export const ready = given(deviceUnit(), deviceBooted);
export const holding = ready.when(asks("read", gva, first));

/** The first fault record. */
export const recordOf = (scene: Scene) =>
  FaultRecord.decode(scene.register(record(0), 8) | (scene.register(record(0) + 8, 8) << 64n));

/** Where in the host some requests land, the first of them. */
export const landed = (scene: Scene, ...inputs: readonly Inputs[]): bigint | undefined =>
  scene.when(...inputs).of("DmaLanded")[0]?.hpa;

/** Whether a device would not send some request, because its TLB does not have what it takes. */
export const refused = (scene: Scene, ...inputs: readonly Inputs[]): boolean =>
  scene.when(...inputs).refusals.some((why) => why.includes("holds no translation"));

/** The same device with a page request queue, and once it has asked for a page. */
export const asking = ready.when(write8(at.pqa, pageQueue));
export const one = asking.when(asksFor(gva));

/** A page request without PASID. */
export function unbound() {
  const { pasid: _pasid, ...rest } = asksFor(gva);
  return rest;
}

export const prs = (scene: Scene): bigint => scene.register(at.prs);

/** An entry of the page request queue. */
export function entryAt(scene: Scene, index: number) {
  const words = [0n, 1n, 2n, 3n].map((word) =>
    scene.word(pageQueue + BigInt(index) * 32n + word * 8n),
  );
  return PageRequestEntry.decode(words.reduceRight((sum, word) => (sum << 64n) | word, 0n));
}

/** The answers that devices are given by some inputs. */
export const answers = (scene: Scene, ...inputs: readonly Inputs[]) =>
  scene.when(...inputs).of("PageGroupAnswered");
