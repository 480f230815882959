// Length: one table of every rule, which is read as a whole.

import { frozen } from "../events/frozen.ts";

/** How bad a finding is, the mildest first. */
export const severities = frozen(["info", "warning", "error"] as const);
/** How bad a finding is. */
export type Severity = (typeof severities)[number];

/** What the audit looks for, and what to do about it. */
export interface Rule {
  /** Who breaks it: the host, the guest's driver of the IOMMU, or a device with its driver. */
  readonly whose: "host" | "driver" | "device";
  readonly severity: Severity;
  /** What is found, in a few words. */
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
  /** What it is found in: logs and recordings, traces, or both. */
  readonly from: "log" | "trace" | "both";
}

const rule = (
  whose: Rule["whose"],
  severity: Severity,
  from: Rule["from"],
  [what, why, remedy]: readonly [string, string, string],
): Rule => ({ whose, severity, from, what, why, remedy });

/** Every rule by its id. */
export const rules = frozen({
  "outside-grant": rule("host", "error", "log", [
    "a DMA reached host memory that the guest was never granted",
    "The P2M is what the guest owns. A translation that leads elsewhere gives one guest's " +
      "device the memory of another, or of the host.",
    "Compose every translation with the P2M as it is now; take translations away before the " +
      "page goes to somebody else.",
  ]),
  "removal-without-effect": rule("host", "error", "log", [
    "a DMA reached host memory after the P2M had taken it away",
    "No guest announces that the host takes a page back, so the host alone can make its " +
      "hardware forget it.",
    "Unmap the page from the host's tables, flush the IOTLB and the devices' TLBs, and wait, " +
      "before the page is given away.",
  ]),
  "interrupt-source-unchecked": rule("host", "warning", "log", [
    "a device used an interrupt entry that does not say which device may use it",
    "Without source validation (SVT) any device can raise the interrupts of every other one " +
      "by writing its index.",
    "Let the entry validate the source-id: SVT 1 with the device's SID, or SVT 2 with the " +
      "buses behind a bridge.",
  ]),
  "compatibility-interrupt": rule("host", "warning", "log", [
    "an interrupt in compatibility format passed while remapping was on",
    "It names its vector and destination itself, so a device that may write it can raise any " +
      "interrupt.",
    "Block the format: keep GCMD.CFI clear, or use extended interrupt mode, which blocks it.",
  ]),
  "pass-through": rule("host", "warning", "log", [
    "translation is on, and a physical device reaches all of the guest's memory untranslated",
    "A context or PASID entry of type pass-through takes the device out of the driver's " +
      "hands: what it writes to is not limited by any table.",
    "Give the device tables of its own, unless it is trusted with all of the guest.",
  ]),
  "untranslated-use": rule("host", "info", "log", [
    "a physical device used memory while translation was off",
    "Until GSTS.TES is set every device reaches all of the guest's memory.",
    "Keep bus mastering off, or memory protected, until translation is on.",
  ]),
  "never-announced": rule("driver", "error", "both", [
    "a change of the tables was never announced",
    "The unit and the host behind it keep what the tables said until an invalidation covers " +
      "it: a page that was unmapped stays in reach, and with caching mode one that was mapped " +
      "stays out of it.",
    "Submit an invalidation that covers the page, the domain and the level that changed, and " +
      "wait for it.",
  ]),
  "announced-too-late": rule("driver", "error", "log", [
    "a changed page was used before its change was announced",
    "Between the change and its invalidation a device goes by the old tables: to memory that " +
      "may have another owner by then, or nowhere.",
    "Announce the change, and wait for that, before the page or its IOVA goes to anybody.",
  ]),
  "page-reused-too-early": rule("driver", "error", "log", [
    "a page was written for something new while a device still reached it by a removed mapping",
    "The invalidation that follows comes after the page has other contents: the device reads " +
      "them, or overwrites them.",
    "Free a page after the invalidation that covers its unmapping has completed, not before.",
  ]),
  "iova-reused-too-early": rule("driver", "error", "both", [
    "an IOVA was mapped again before its unmapping was announced",
    "The unit may go on with the old page, which is no longer the device's, until an " +
      "invalidation covers the IOVA.",
    "Give an IOVA back to the allocator when the invalidation of its unmapping has " +
      "completed, not before.",
  ]),
  "range-too-narrow": rule("driver", "error", "both", [
    "an invalidation left out pages that were changed",
    "An invalidation of pages covers an aligned block of a power of two, and nothing beside it.",
    "Round the number of pages up to a power of two and align the first one, or invalidate " +
      "the domain.",
  ]),
  "wrong-domain": rule("driver", "error", "both", [
    "an invalidation named another domain than the one whose tables changed",
    "What the unit keeps is tagged with a domain-id; the invalidation of another one leaves " +
      "it as it is.",
    "Take the domain-id from the entry of the device on this unit: one domain may have " +
      "another number on each unit.",
  ]),
  "wrong-pasid": rule("driver", "error", "log", [
    "an invalidation named another PASID than the one whose tables changed",
    "What is kept of a first stage, or of a PASID entry, is tagged with its PASID.",
    "Invalidate each PASID that is bound to the tables, the one of requests without PASID too.",
  ]),
  "wrong-source": rule("driver", "error", "log", [
    "an invalidation named another device than the one whose entry changed",
    "The context cache is tagged with source-ids, those of aliases and phantom functions " +
      "among them.",
    "Invalidate every source-id whose entry was written.",
  ]),
  "wrong-cache": rule("driver", "error", "log", [
    "an invalidation was of another cache than the one that keeps what changed",
    "Context cache, PASID cache, IOTLB and device TLBs forget each by descriptors of its own.",
    "After an entry of a device its context cache, then the PASID cache, then the IOTLB; " +
      "after a page the IOTLB, then the device TLBs.",
  ]),
  "upper-entry-left": rule("driver", "error", "log", [
    "an invalidation of leaves alone followed the change of an upper entry",
    "With the hint IH=1 the unit may keep what it has cached of upper levels, with the page " +
      "of the table that was freed.",
    "Leave IH clear whenever a table was linked, freed or replaced.",
  ]),
  "wait-before-work": rule("driver", "error", "log", [
    "a wait descriptor stands before the invalidation that it should wait for",
    "It completes once what is before it in the queue is done; of what is after it nobody " +
      "knows when.",
    "Put the wait behind the last invalidation.",
  ]),
  "context-without-iotlb": rule("driver", "error", "both", [
    "a device's entry was changed and the IOTLB was not invalidated after it",
    "The IOTLB keeps translations by the old entry, and may be filled by it until the " +
      "context cache has forgotten it.",
    "After each invalidation of the context cache or the PASID cache invalidate the IOTLB of " +
      "the old domain-id.",
  ]),
  "iotlb-before-context": rule("driver", "error", "log", [
    "the IOTLB was invalidated before the context cache, and not after it",
    "Between the two a request can fill the IOTLB again, by the context entry that is still " +
      "cached.",
    "Invalidate the context cache first, then the PASID cache, then the IOTLB.",
  ]),
  "device-tlb-not-told": rule("driver", "error", "both", [
    "a device keeps a translation in its own TLB that is not in the tables any more",
    "Translated requests pass the unit unchecked: where the device's TLB leads, they land.",
    "After the IOTLB invalidate the TLB of every device of the domain that has ATS enabled, " +
      "and wait.",
  ]),
  "device-tlb-before-iotlb": rule("driver", "error", "log", [
    "a device's TLB was invalidated before the IOTLB, and not after it",
    "The device may ask again at once, and is answered from what the IOTLB still has.",
    "Invalidate the IOTLB first, then the devices' TLBs.",
  ]),
  "not-written-back": rule("driver", "error", "log", [
    "an entry was announced and had not been written back from the CPU's cache",
    "Where walks do not snoop (ECAP.C=0) the unit reads memory, which has the old entry " +
      "until the line is flushed.",
    "Flush each line that was written (CLFLUSH, then a fence) before the invalidation.",
  ]),
  "entry-torn": rule("driver", "error", "log", [
    "an entry was changed in parts while it was present",
    "The unit may read it between the parts, half old and half new.",
    "Clear the present bit first and announce that, or write the entry with one access.",
  ]),
  "linked-before-filled": rule("driver", "error", "log", [
    "a table was linked while it still held old entries",
    "The unit may walk it as soon as it is linked, and translate by what somebody else left there.",
    "Clear the page, flush it where walks do not snoop, and then write the entry that links it.",
  ]),
  "tables-in-reach": rule("driver", "error", "log", [
    "a device wrote to a page that holds translation tables",
    "A device that writes its own tables reaches whatever it likes.",
    "Map no page of tables for a device; unmap a page and announce that before it becomes a table.",
  ]),
  "reserved-bits": rule("driver", "error", "log", [
    "an entry has reserved bits set",
    "The unit refuses it: requests that meet the entry fault.",
    "Write reserved bits as 0, and only what the unit's capabilities allow.",
  ]),
  "stale-interrupt-entry": rule("driver", "error", "both", [
    "an interrupt was delivered by an entry that had been changed",
    "The unit keeps interrupt entries until an invalidation names their index: the interrupt " +
      "goes to the old CPU and vector.",
    "Invalidate the index after each change of the entry, and wait.",
  ]),
  "queue-error": rule("driver", "error", "log", [
    "the invalidation queue stopped at an error",
    "Nothing behind the descriptor is executed until software clears the error, so no change " +
      "is announced meanwhile.",
    "Mend or replace the descriptor that IQH names, clear the error in FSTS, and submit " +
      "again what did not complete.",
  ]),
  "malformed-descriptor": rule("driver", "error", "trace", [
    "a descriptor breaks a rule of its layout",
    "The unit stops its queue at such a descriptor.",
    "Write reserved bits as 0, and only what the unit's capabilities allow.",
  ]),
  "queue-broken": rule("driver", "error", "trace", [
    "entries of the ring, or its tail, are not as they should be",
    "The unit fetched or skipped what the driver did not mean, or the trace has a hole here.",
    "Compare with the driver's trace; take the trace without losing lines.",
  ]),
  "kept-too-long": rule("host", "error", "trace", [
    "the unit used a translation that an invalidation had removed",
    "What was invalidated may not be used any more once that has completed.",
    "Drop everything that an invalidation covers before it is said to be done.",
  ]),
  "fault-unexplained": rule("host", "error", "trace", [
    "a fault was reported that the entry beside it does not explain",
    "The entry grants what was refused, so the unit did not go by it.",
    "Look at what the unit has cached, and when the entry was changed.",
  ]),
  "device-moved-silently": rule("driver", "error", "trace", [
    "a device was attached without the invalidations that others got",
    "The unit may go on with the entry that the device had before.",
    "Announce each attachment the same way.",
  ]),
  "use-after-unmap": rule("device", "warning", "both", [
    "a device used an IOVA after it was unmapped",
    "The driver of the device gave the buffer back while the device still had it.",
    "Stop the device's use of a buffer before it is unmapped.",
  ]),
  "write-to-read-only": rule("device", "warning", "log", [
    "a device wrote to pages that are mapped for reading",
    "The write was refused: its data is lost, and the fault costs more than the write.",
    "Map the buffer for both directions, or look for who programmed the device with this address.",
  ]),
  "use-of-unmapped": rule("device", "warning", "log", [
    "a device used an IOVA that was never mapped for it",
    "The device has a wrong address, or one of another domain.",
    "Look for who programmed the device with this address.",
  ]),
  fault: rule("device", "warning", "log", [
    "requests of a device faulted",
    "What the reason says is missing was missing when the device asked.",
    "Set up the entries of the device before it is used, and stop it before they go.",
  ]),
  "wide-invalidation": rule("driver", "info", "log", [
    "whole domains were invalidated for a few pages",
    "Everything else that the unit had cached has to be walked again.",
    "Invalidate pages where CAP.PSI allows it.",
  ]),
  "unused-mapping": rule("driver", "info", "log", [
    "pages were mapped and taken away without a device having used them",
    "What is mapped and not needed is in reach for nothing.",
    "Map what is used, for as long as it is used.",
  ]),
});

/** The name of a rule. */
export type RuleId = keyof typeof rules;

/** Every rule's name, those of the host first. */
export const ruleIds = frozen(Object.keys(rules)) as readonly RuleId[];

/** Whether a text names a rule. */
export const isRuleId = (text: string): text is RuleId => Object.hasOwn(rules, text);
