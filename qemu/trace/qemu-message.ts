import type { FaultFields, Line, Observation } from "../../audit/trace/observation.ts";
import { observed, plain, unparsed } from "../../audit/trace/observation.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { deviceOf, fieldOf, numberOf } from "./field-text.ts";

/**
 * QEMU's own error messages about the unit: `qemu-system-x86_64: vtd_iova_to_slpte: detected …`,
 * with the time before it under `-msg timestamp=on`. Most are printed once in a run of QEMU. The
 * names of functions and fields changed between 5 and 11, so that a message is told by its words.
 */
const program = /^(?:\d{4}-\d\d-\d\dT\S+ )?(?:[^\s:]+: )?/;
const named = /^vtd_\w+: /;

/** What a message says; throws RangeError where a field is missing. */
type Reader = (text: string, line: number) => Line | Observation;

const noPasid = 0xffff_ffff;

/** What a message says of the request. */
function requestOf(text: string): FaultFields {
  const iova = fieldOf(text, "iova");
  const pasid = /\bpasid=/i.test(text)
    ? numberOf(text.replace("PASID", "pasid"), "pasid")
    : noPasid;
  const access = /\bwrite=([01])/.exec(text)?.[1];
  return {
    iova,
    ...(pasid === noPasid ? {} : { pasid }),
    ...(access === undefined ? {} : { access: access === "1" ? "write" : "read" }),
  };
}

/** Level and entry of a table. Some messages have no space between them. */
function entryOf(text: string): FaultFields {
  const [, level = "", entry] = /\blevel=0x([0-7])(?:, )?\w*pte=(0x[0-9a-f]+)/.exec(text) ?? [];
  if (entry === undefined) throw new RangeError("entry");
  return { level: Number(level), entry: BigInt(entry) };
}

type Told = (text: string) => FaultFields;

const detail =
  (told: Told): Reader =>
  (text, line) => ({ kind: "faultDetail", line, ...told(text) });

const noted = (code: number | undefined, told: Told = requestOf): Reader =>
  detail((text) => ({ reason: code, ...told(text) }));

const withEntry: Told = (text) => ({ ...requestOf(text), ...entryOf(text) });

/** An interrupt request: which entry, and what the entry says. */
const interrupt = (code: number, told: Told): Reader => noted(code, told);
const asksFor: Told = (text) => ({ index: numberOf(text, "index") });
const asksForEntry: Told = (text) => ({
  ...asksFor(text),
  entry: (fieldOf(text, "high") << 64n) | fieldOf(text, "low"),
});
const asksForPlace: Told = (text) => ({ index: numberOf(text, "ind") });
const sender: Told = (text) => ({ ...asksFor(text), source: numberOf(text, "sid") });

const unrecorded =
  (why: "collapsed" | "dropped"): Reader =>
  (_, line) => ({ kind: "faultUnrecorded", line, unrecorded: why });

const nothing: Told = () => ({});

/** Messages that begin with the name of a function, by their words. */
const ofFunctions: readonly (readonly [RegExp, Reader])[] = [
  [/^detected IOVA overflow /, noted(reason.beyondWidth)],
  [/^detected non canonical IOVA /, noted(reason.nonCanonical)],
  // Of the top table it is 3h, of any other 7h, and in a first stage neither.
  [/^detected read error on DMAR \w+ /, noted(undefined)],
  [
    /^detected \w+ permission error /,
    detail((text) => {
      const { access, ...fields } = withEntry(text);
      const code = access === "write" ? reason.writeDenied : reason.readDenied;
      return { reason: code, access, ...fields };
    }),
  ],
  [/^detected splte reserve non-zero /, noted(reason.tableReserved, withEntry)],
  [/^detected fspte reserved non-zero /, noted(reason.firstStageReserved, withEntry)],
  [
    /^xlat address is in interrupt range /,
    detail((text) => {
      const fields = withEntry(text);
      const isLegacy = fields.pasid === undefined;
      return {
        reason: isLegacy ? reason.interruptRange : reason.scalableInterruptRange,
        ...fields,
      };
    }),
  ],
  [/^invalid root entry: /, noted(reason.rootReserved, nothing)],
  [/^invalid context entry: .*\(reserved nonzero\)/, noted(reason.contextReserved, nothing)],
  [/^invalid context entry: .*\(level \d+ not supp/, noted(reason.contextInvalid, nothing)],
  [
    /^detected translation failure /,
    (text, line) => ({
      kind: "translationFailed",
      line,
      source: deviceOf(text),
      iova: fieldOf(text, "iova"),
    }),
  ],
  [/^index too large: /, interrupt(reason.interruptIndex, asksForPlace)],
  [/^read failed: ind=/, interrupt(reason.interruptAccess, asksForPlace)],
  [/^detected non-present IRTE /, interrupt(reason.interruptNotPresent, asksForEntry)],
  [/^detected non-zero reserved IRTE /, interrupt(reason.interruptEntryReserved, asksForEntry)],
  [/^invalid IRTE SID /, interrupt(reason.interruptSource, sender)],
  [/^(invalid SVT_BUS|detected invalid IRTE SVT) /, interrupt(reason.interruptSource, asksFor)],
  [/^MSI address (high|low) 32 bits? /, interrupt(reason.interruptReserved, nothing)],
];

/** Messages that do not, by their words. */
const ofNobody: typeof ofFunctions = [
  [/^New fault is not recorded due to compression of faults/, unrecorded("collapsed")],
  [/^New fault is not recorded due to Primary Fault Overflow/, unrecorded("dropped")],
  [/^Next Fault Recording Reg is used, new fault is not recorded/, unrecorded("dropped")],
  [/^There are (pending faults already|previous interrupt conditions)/, () => plain],
  [/^Interrupt Mask set, irq is not generated/, () => plain],
];

/** How to read a line that is one of the messages, and its words. */
function messageOf(line: string): { readonly read: Reader; readonly words: string } | undefined {
  const said = named.test(line) ? line : line.replace(program, "");
  const words = said.replace(named, "");
  const known = words === said ? ofNobody : ofFunctions;
  const read = known.find(([pattern]) => pattern.test(words))?.[1];
  return read && { read, words };
}

/** Whether a line is one of QEMU's messages about the unit. */
export const isMessage = (line: string): boolean => messageOf(line) !== undefined;

/** Reads one of QEMU's messages; `undefined` for a line that is none of those that are known. */
export function readMessage(text: string, line: number): Line | undefined {
  const message = messageOf(text);
  if (message === undefined) return undefined;
  try {
    const said = message.read(message.words, line);
    return "result" in said ? said : observed(said);
  } catch (error) {
    if (error instanceof RangeError) return unparsed;
    throw error;
  }
}
