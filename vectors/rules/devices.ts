import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import { facet, fact, factOf, has, some } from "./facet.ts";

const grants = (
  test: (answer: NonNullable<ReturnType<typeof answered>>) => boolean,
): Facet["shows"] =>
  some((told) => {
    const answer = answered(told);
    return answer !== undefined && told.input.type === "AtsRequest" && test(answer);
  });
const answered = (told: Told) => factOf(told, "TranslationAnswered");
const refused = (test: (reason: number | undefined, told: Told) => boolean): Facet["shows"] =>
  fact("TranslationBlocked", ({ reason }, told) => test(reason, told));

const onlyType: ReadonlySet<number | undefined> = new Set([0x44, 0xd, undefined]);

/** Translation requests. */
export const deviceFacets: readonly Facet[] = [
  facet(
    "AT1",
    "",
    grants(({ read }) => read),
  ),
  facet(
    "AT2",
    "44h",
    refused((reason) => reason === 0x44),
  ),
  facet(
    "AT2",
    "Dh",
    refused((reason) => reason === 0xd),
  ),
  facet(
    "AT3",
    "",
    grants(({ read, write, untranslated }) => !read && !write && untranslated !== true),
  ),
  facet(
    "AT4",
    "",
    grants(({ access, read, write }) => access === "write" && read && !write),
  ),
  facet(
    "AT5",
    "",
    refused((reason) => !onlyType.has(reason)),
  ),
  facet(
    "AT6",
    "",
    some(
      (told) =>
        told.input.type === "AtsRequest" &&
        told.input.access === "write" &&
        has(told, "MemoryWritten"),
    ),
  ),
  facet(
    "TA1",
    "given",
    grants(({ read, write, gpa }) => (read || write) && gpa !== undefined),
  ),
  facet(
    "TA1",
    "blocked",
    refused((reason) => reason !== undefined),
  ),
  facet(
    "FA11",
    "translation request",
    some((told) => told.input.type === "AtsRequest" && has(told, "FaultRecorded")),
  ),
  facet(
    "FA11",
    "page request",
    some((told) => told.input.type === "PageRequest" && has(told, "FaultRecorded")),
  ),
  facet(
    "AT9",
    "",
    fact("TranslationBlocked", ({ host }) => host === "off"),
  ),
];
