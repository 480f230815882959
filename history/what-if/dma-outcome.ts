import type { Gpa, Hpa, Iova, SourceId } from "../../events/address.ts";
import type { Step } from "../step.ts";

/** What a DMA, or another request of a device, came to. */
export interface DmaOutcome {
  /** Number of the input. */
  readonly seq: number;
  readonly device: SourceId | undefined;
  readonly iova: Iova | undefined;
  readonly outcome: "landed" | "blocked" | "interrupt" | "answered" | "refused" | "nothing";
  /** Where it went. */
  readonly gpa: Gpa | undefined;
  readonly hpa: Hpa | undefined;
  /** Why it was blocked: by the guest's tables, or by the host. */
  readonly reason: number | undefined;
  readonly host: string | undefined;
}

const outcomes: Readonly<Record<string, DmaOutcome["outcome"]>> = {
  DmaTranslated: "landed",
  DmaLanded: "landed",
  DmaBlocked: "blocked",
  TranslationBlocked: "blocked",
  InterruptBlocked: "blocked",
  InterruptDelivered: "interrupt",
  InterruptPosted: "interrupt",
  TranslationAnswered: "answered",
  DeviceTranslationAnswered: "answered",
  InputRefused: "refused",
};

const requests: ReadonlySet<string> = new Set([
  "Dma",
  "DmaIssue",
  "DmaComplete",
  "AtsRequest",
  "DeviceTranslate",
  "MsiRequest",
]);

/** What the request that a step is came to; `undefined` when it is none. */
export function outcomeOf({ seq, input, facts }: Step): DmaOutcome | undefined {
  if (!requests.has(input.type)) return undefined;
  const fact = facts.find(({ type }) => Object.hasOwn(outcomes, type));
  const fields = (fact ?? {}) as Partial<Pick<DmaOutcome, "gpa" | "hpa" | "reason" | "host">>;
  return {
    seq,
    device: "device" in input ? input.device : undefined,
    iova: "iova" in input ? input.iova : undefined,
    outcome: fact === undefined ? "nothing" : (outcomes[fact.type] ?? "nothing"),
    gpa: fields.gpa,
    hpa: fields.hpa,
    reason: fields.reason,
    host: fields.host,
  };
}

/** Whether two requests came to the same. */
export const sameOutcome = (a: DmaOutcome | undefined, b: DmaOutcome | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.outcome === b.outcome &&
  a.gpa === b.gpa &&
  a.hpa === b.hpa &&
  a.reason === b.reason &&
  a.host === b.host;
