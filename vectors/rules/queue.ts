import { descriptorType } from "../../events/queue/descriptor-scope.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import { dmaOf, facet, fact, factOf, has, isOn, sequence, some } from "./facet.ts";

const count = ({ facts }: Told, type: string): number =>
  facts.filter((each) => each.type === type).length;

const errorNames = { 1: "tail", 2: "fetch", 3: "type", 4: "reserved", 5: "width", 6: "alignment" };

/** What halts the queue for the mode of the tables: rule, IQEI, whether a type of PASIDs does. */
const modeErrors: readonly (readonly [rule: string, iqei: number, isOfPasids: boolean])[] = [
  ["IQ30", 5, false],
  ["IQ31", 7, false],
  ["IQ33", 3, true],
];

/** The invalidation queue. */
export const queueFacets: readonly Facet[] = [
  facet(
    "IQ1",
    "",
    fact("QueueEnabled", ({ value }) => value >> 12n !== 0n),
  ),
  facet(
    "IQ3",
    "",
    sequence(
      (told) => has(told, "QueueEnabled"),
      (told) => has(told, "QueueDisabled"),
      (told) => has(told, "DescriptorFetched"),
    ),
  ),
  facet(
    "IQ4",
    "",
    some((told) => has(told, "QueueEnabled") && has(told, "DescriptorFetched")),
  ),
  facet(
    "IQ5",
    "",
    some((told) => count(told, "DescriptorCompleted") > 1),
  ),
  facet(
    "IQ6",
    "",
    fact("DescriptorCompleted", ({ head }) => head === 0),
  ),
  facet(
    "IQ7",
    "",
    some((told) => has(told, "WaitCompleted") && has(told, "MemoryWritten")),
  ),
  facet(
    "IQ9",
    "",
    sequence(
      (told) => {
        const { scope, length = 0n } = factOf(told, "IotlbInvalidated") ?? {};
        return scope === "page" && length > 4096n;
      },
      (told) => dmaOf(told) !== undefined && isOn(told),
    ),
  ),
  ...Object.entries(errorNames).map(([iqei, name]) =>
    facet(
      "IQ10",
      name,
      fact("QueueHalted", (halted) => halted.error === "IQE" && halted.iqei === Number(iqei)),
    ),
  ),
  facet(
    "IQ32",
    "taken",
    fact(
      "DescriptorCompleted",
      (_, { before }) => queueGeometry(before.queue.address).step === 32 && before.profile.smts,
    ),
  ),
  facet(
    "IQ32",
    "refused",
    fact(
      "QueueHalted",
      ({ iqei }, { before: { profile } }) => iqei === 5 && !profile.smts && !profile.abortDma,
    ),
  ),
  facet(
    "IQ11",
    "",
    some((told) => {
      const { error } = factOf(told, "QueueHalted") ?? {};
      return error === "IQE" && has(told, "DescriptorCompleted");
    }),
  ),
  facet(
    "IQ12",
    "",
    some((told) => has(told, "QueueErrorCleared") && has(told, "DescriptorFetched")),
  ),
  facet(
    "IQ13",
    "",
    sequence(
      (told) => has(told, "QueueDraining"),
      (told) => told.input.type === "DeviceTlbAnswer" && has(told, "WaitCompleted"),
    ),
  ),
  facet("IQ15", "", fact("CompletionFailed")),
  ...modeErrors.map(([rule, iqei, isOfPasids]) =>
    facet(
      rule,
      "",
      some((told) => {
        const halted = factOf(told, "QueueHalted");
        const type = descriptorType(factOf(told, "DescriptorFetched")?.descriptor ?? 0n);
        return halted?.error === "IQE" && halted.iqei === iqei && type > 5 === isOfPasids;
      }),
    ),
  ),
  facet(
    "IQ17",
    "",
    some((told) => {
      const { error } = factOf(told, "QueueHalted") ?? {};
      return (
        told.before.queue.state === "draining" &&
        error === "IQE" &&
        told.input.type === "DeviceTlbAnswer"
      );
    }),
  ),
  facet(
    "QU1",
    "",
    some((told) => count(told, "DescriptorFetched") > 2),
  ),
  facet("QU2", "error", fact("QueueHalted")),
  facet("QU2", "devices", fact("QueueDraining")),
  facet("IV4", "", fact("QueueDraining")),
];
