import { masksOf } from "../../events/layout/layout.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { Ccmd, Gcmd, Rtaddr } from "../../events/registers/command.ts";
import { Iotlb } from "../../events/registers/iotlb.ts";
import { at, iotlbAt } from "../../events/registers/offset.ts";
import type { Told } from "../make.ts";
import type { Facet } from "./facet.ts";
import { dmaOf, facet, fact, factOf, has, input, isOn, sequence, some, written } from "./facet.ts";

const { ivt } = masksOf(Iotlb);
const landed = (told: Told): boolean => has(told, "DmaLanded");
const iotlb = (profile: Profile): number => iotlbAt(profile);

/** A register that commands an invalidation, used while there is no queue. */
const byRegister = (scope: string, type: "IotlbInvalidated" | "ContextInvalidated") =>
  input("RegisterWrite", (_, told) => factOf(told, type)?.scope === scope);

const scopes = ["global", "domain"] as const;
const readOnly: ReadonlySet<number> = new Set([at.ver, at.cap, at.ecap, at.gsts, at.iqh]);

/** A DMA by a pointer that RTADDR does not hold any more, or not yet. */
const oldPointer = sequence(
  (told) => {
    const { input: asked } = told;
    if (asked.type !== "RegisterWrite" || asked.offset !== at.rtaddr || !isOn(told)) return false;
    const { rta } = Rtaddr.decode(asked.value);
    return rta !== Rtaddr.decode(told.before.rootPointer).rta;
  },
  (told) => dmaOf(told) !== undefined && isOn(told) && landed(told),
  (told) => has(told, "RootPointerLatched") || has(told, "TranslationDisabled"),
);

/** Commands, registers, and invalidation by registers. */
export const controlFacets: readonly Facet[] = [
  facet("GC1", "", fact("RootPointerLatched")),
  facet("GC4", "", oldPointer),
  facet(
    "GC6",
    "",
    sequence(
      (told, { profile }) => profile.esrtps && isOn(told) && has(told, "RootPointerLatched"),
      (told) => dmaOf(told) !== undefined && isOn(told),
      (told) => told.input.type === "RegisterWrite",
    ),
  ),
  facet(
    "GC7",
    "",
    some((told) => factOf(told, "DmaBlocked")?.reason === 0x30),
  ),
  facet(
    "GC8",
    "",
    sequence(
      (told) => has(told, "TranslationDisabled"),
      (told) => landed(told) && !isOn(told),
    ),
  ),
  facet(
    "GC9",
    "",
    sequence(
      (told) => has(told, "InterruptTableLatched"),
      (told) => has(told, "InterruptRemappingEnabled"),
    ),
  ),
  facet(
    "GC10",
    "",
    sequence(
      (told) => has(told, "CompatibilityInterruptsAllowed"),
      (told) => has(told, "CompatibilityInterruptsBlocked"),
    ),
  ),
  facet("GC11", "executed", fact("WriteBufferFlushed")),
  facet(
    "GC11",
    "ignored",
    written(
      at.gcmd,
      ({ value }, _, { profile }) => !profile.rwbf && (value & Gcmd.mask("wbf")) !== 0n,
    ),
  ),
  facet("RG1", "", fact("RegisterSet")),
  facet(
    "RG2",
    "",
    fact("FaultCleared", (_, { after }) => after.faults.records.some((each) => each !== undefined)),
  ),
  facet(
    "RG3",
    "status",
    some((told) => has(told, "QueueErrorCleared") || has(told, "OverflowCleared")),
  ),
  facet("RG3", "record", fact("FaultCleared")),
  facet("RG4", "record", fact("FaultRecorded")),
  facet(
    "RG4",
    "queue",
    fact("QueueHalted", ({ iqei }) => iqei !== undefined && iqei > 0),
  ),
  facet(
    "RG5",
    "",
    written(at.gcmd, ({ value }) => value !== 0n),
  ),
  facet("RP2", "", () => true),
  facet(
    "RP3",
    "",
    input("RegisterWrite", ({ offset, value }) => readOnly.has(offset) && value !== 0n),
  ),
  facet(
    "GS1",
    "",
    some((told) => has(told, "TranslationEnabled") || has(told, "QueueEnabled")),
  ),
  facet(
    "GS2",
    "",
    input("RegisterWrite", ({ offset }) => offset !== at.gcmd),
  ),
  ...[...scopes, "page"].map((scope) => facet("RI1", scope, byRegister(scope, "IotlbInvalidated"))),
  ...[...scopes, "device"].map((scope) =>
    facet("RI2", scope, byRegister(scope, "ContextInvalidated")),
  ),
  facet(
    "RI4",
    "",
    written(
      iotlb,
      ({ value, size }, told) => size === 8 && (value & ivt) !== 0n && has(told, "InputRefused"),
    ),
  ),
  facet(
    "RI8",
    "done",
    some(
      (told) =>
        told.input.type === "RegisterWrite" &&
        (has(told, "IotlbInvalidated") || has(told, "ContextInvalidated")) &&
        !has(told, "DescriptorFetched"),
    ),
  ),
  facet(
    "RI8",
    "refused",
    written(iotlb, ({ value }, told) => (value & ivt) !== 0n && has(told, "InputRefused")),
  ),
  facet(
    "RI6",
    "used",
    some(
      (told) =>
        factOf(told, "IotlbInvalidated")?.scope === "global" && told.input.type === "RegisterWrite",
    ),
  ),
  facet(
    "RI7",
    "",
    written(
      at.ccmd,
      ({ value, size }) => size === 8 && (value & (Ccmd.mask("sid") | Ccmd.mask("fm"))) !== 0n,
    ),
  ),
  facet(
    "VV1",
    "",
    fact(
      "InterruptDelivered",
      ({ index }, _, { profile }) => index !== undefined && profile.name === "xen-vvtd",
    ),
  ),
  facet(
    "VV2",
    "",
    fact("TranslationEnabled", (_, __, { profile }) => profile.name === "xen-vvtd"),
  ),
];
