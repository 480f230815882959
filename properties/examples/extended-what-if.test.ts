import { expect, test } from "vitest";
import type { Iova } from "../../events/address.ts";
import { queuePlaces } from "../../history/query/queue-view.ts";
import { invalidationInputs } from "../../history/what-if/invalidation.ts";
import {
  announce,
  dids,
  extendedBooted,
  extendedQueue,
  extendedUnit,
  onePasid,
  own,
  pasidEntry,
} from "./extended-driver.ts";
import { given } from "./given.ts";
import { gva, readsAs } from "./scalable-driver.ts";
import { nvme } from "./unit.ts";

const stale = given(extendedUnit(), extendedBooted, extendedQueue).when(
  readsAs(own, gva),
  pasidEntry(own, { present: false }),
);

test("[EC93] what would have been invalidated is told in descriptors of version 2.x", () => {
  expect(stale.when(readsAs(own, gva)).of("DmaLanded")).toHaveLength(1);
  const contexts = stale.when(invalidationInputs(stale.world, { guest: 0, scope: "contexts" }));
  expect(contexts.of("QueueHalted")).toEqual([]);
  expect(contexts.of("PasidCacheInvalidated")).toMatchObject([{ scope: "domain", did: dids.nvme }]);
  expect(contexts.when(readsAs(own, gva)).of("DmaBlocked")[0]?.reason).toBe(0x11);
  const asked = { device: nvme, pasid: own, iova: gva as Iova };
  const domain = stale.when(
    invalidationInputs(stale.world, { guest: 0, scope: "domain", ...asked }),
  );
  expect(domain.of("PasidIotlbInvalidated")).toMatchObject([{ scope: "pasid", pasid: own }]);
});

test("[EC93] what stands in the queue is named as the unit reads it", () => {
  const { text } =
    queuePlaces(stale.when(announce(onePasid(dids.nvme, own))).guest(), 0, 1)[0] ?? {};
  expect(text).toBe("pasidCache g=pasid did=0x1 pasid=0x41");
});
