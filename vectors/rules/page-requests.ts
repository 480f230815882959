import { descriptorType, descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { WaitDescriptor } from "../../events/queue/descriptors.ts";
import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import { dmaOf, facet, fact, factOf, has, sequence, some } from "./facet.ts";

const drains = (descriptor: bigint): boolean =>
  descriptorType(descriptor) === descriptorTypes.wait &&
  (descriptor & WaitDescriptor.mask("pd")) !== 0n;

const requested = (told: Told) => (told.input.type === "PageRequest" ? told.input : undefined);

/** Page requests, their queue and their groups. */
export const pageRequestFacets: readonly Facet[] = [
  facet("PQ1", "", fact("PageRequestQueued")),
  facet(
    "PQ2",
    "",
    sequence(
      (told) => has(told, "PageRequestQueued"),
      (told, earlier) => {
        const [first, second] = [earlier, told].map(
          (each) => factOf(each, "PageRequestQueued")?.tail,
        );
        return first !== undefined && second !== undefined && second < first;
      },
    ),
  ),
  facet(
    "PQ3",
    "",
    sequence(
      (told) => has(told, "PageRequestsOverflowed"),
      (told) =>
        factOf(told, "PageRequestDropped")?.why === "overflow" &&
        !has(told, "PageRequestsOverflowed"),
    ),
  ),
  facet(
    "PQ4",
    "",
    some(
      (told) =>
        factOf(told, "PageRequestDropped")?.why === "overflow" && has(told, "PageGroupAnswered"),
    ),
  ),
  facet(
    "PQ6",
    "",
    sequence(
      (told) => has(told, "PageRequestQueued"),
      (told, earlier) => {
        const [asked, dma] = [requested(earlier), dmaOf(told)];
        const isSame =
          asked !== undefined && dma !== undefined && asked.iova >> 12n === dma.iova >> 12n;
        return isSame && asked.pasid === dma.pasid && has(told, "DmaLanded");
      },
    ),
  ),
  facet(
    "PQ7",
    "",
    some((told) => {
      const line = factOf(told, "EventSent")?.line ?? factOf(told, "EventPended")?.line;
      return line === "pageRequest" && has(told, "PageRequestQueued");
    }),
  ),
  facet(
    "PQ8",
    "sent",
    sequence(
      (told) => factOf(told, "EventPended")?.line === "pageRequest",
      (told) => factOf(told, "EventSent")?.line === "pageRequest",
      (told) => has(told, "EventUnpended"),
    ),
  ),
  facet(
    "PQ8",
    "withdrawn",
    fact("EventUnpended", ({ line }) => line === "pageRequest"),
  ),
  facet(
    "PQ9",
    "",
    some(
      (told) =>
        factOf(told, "PageRequestDropped")?.reason === 0x47 && has(told, "PageGroupAnswered"),
    ),
  ),
  facet(
    "PQ10",
    "",
    fact("PageRequestDropped", ({ reason }) => reason === 0x32),
  ),
  facet(
    "PQ11",
    "",
    fact("PageRequestDropped", ({ why }) => why === "off"),
  ),
  facet(
    "PQ12",
    "",
    some((told) => {
      const asked = requested(told);
      return asked?.pasid !== undefined && has(told, "PageRequestQueued");
    }),
  ),
  facet(
    "PQ13",
    "",
    fact("PageGroupAnswered", ({ automatic }) => automatic !== true),
  ),
  facet("PQ14", "", fact("PageGroupIgnored")),
  facet(
    "PQ15",
    "",
    fact(
      "PageGroupAnswered",
      ({ response, automatic }) => response === "failure" && automatic !== true,
    ),
  ),
  facet(
    "PQ16",
    "",
    sequence(
      (told) => requested(told)?.last === false && has(told, "PageRequestQueued"),
      (told, earlier) => {
        const [one, other] = [requested(earlier), requested(told)];
        return (
          other?.last === true &&
          one?.device === other.device &&
          one.group === other.group &&
          one.pasid === other.pasid
        );
      },
    ),
  ),
  facet(
    "PQ17",
    "",
    fact("PageRequestQueued", ({ read, write }) => !read && !write),
  ),
  facet(
    "PQ19",
    "",
    fact("DescriptorFetched", ({ descriptor }) => drains(descriptor)),
  ),
  facet("PQ20", "", ({ profile }) => !profile.pageRequests),
  facet("PG1", "", fact("PageRequestQueued")),
  facet(
    "PQ23",
    "",
    sequence(
      (told) =>
        factOf(told, "PageGroupAnswered")?.response === "success" &&
        !has(told, "PageRequestDropped"),
      (told) => dmaOf(told)?.pasid !== undefined && has(told, "DmaLanded"),
    ),
  ),
];
