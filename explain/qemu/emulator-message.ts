import type { MessageForm } from "../message-form.ts";
import { messageReader } from "../message-form.ts";
import { hexNumber } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";

/** What QEMU says of the queue, of registers and of its own options; versions 7.2 to 11.1. */
const forms: readonly MessageForm[] = [
  {
    form: /vtd_\w+: detected invalid QI tail \(tail=(0x[0-9a-f]+), size=(0x[0-9a-f]+)\)/,
    severity: "error",
    what: "tail beyond the invalidation queue",
    means: "The guest moved IQT past the end of its queue; the unit halts with IQE.",
    facts: ["tail", "size"],
  },
  {
    form: /improper state when disable QI \(head=(\w+), tail=(\w+), last_type=(\d+)\)/,
    severity: "error",
    what: "invalidation queue turned off too early",
    means:
      "The guest cleared QIE while descriptors were left, or the last one was no wait; QEMU " +
      "keeps the queue on.",
    facts: ["head", "tail", "last type"],
  },
  {
    form: /Read INV DESC failed/,
    severity: "error",
    what: "descriptor that cannot be read",
    means: "IQA points to where there is no memory; the unit halts with IQE.",
  },
  {
    form: /vtd_\w+: address mask overflow: (0x[0-9a-f]+)/,
    severity: "error",
    what: "address mask above CAP.MAMV",
    means: "The guest invalidates by register with a mask that the unit does not know.",
    facts: ["IVA"],
  },
  {
    form: /vtd_\w+: invalid (?:context|granularity): (0x[0-9a-f]+)/,
    severity: "error",
    what: "invalidation by register without granularity",
    means: "The command's granularity is reserved; nothing is invalidated.",
    facts: ["command"],
  },
  {
    form: /Queued Invalidation enabled, should not use register-based invalidation/,
    severity: "error",
    what: "invalidation by register while the queue is on",
    means: "The guest wrote CCMD or IOTLB although GSTS.QIES is 1; nothing is invalidated.",
  },
  {
    form: /vtd_\w+: invalid IR MSI \(sid=(\d+), address=(0x[0-9a-f]+), data=(0x[0-9a-f]+)\)/,
    severity: "error",
    what: "interrupt request that cannot be",
    means: "The request's address is not one of an interrupt.",
    facts: ["source-id", "address", "data"],
  },
  {
    form: /(?:set|without enabling) caching-mode=on|[Cc]aching-mode should be enabled/,
    severity: "error",
    what: "device assigned without caching mode",
    means:
      "QEMU has to follow every mapping that the guest makes for an assigned device, and learns " +
      "of new ones by caching mode alone.",
    next: ["start QEMU with -device intel-iommu,caching-mode=on, or leave the device out"],
  },
  {
    form: /Interrupt Remapping cannot work with\s+kernel-irqchip=on|intremap.*kernel.irqchip/,
    severity: "error",
    what: "interrupt remapping without a split interrupt controller",
    means: "QEMU remaps interrupts itself, so that the IOAPIC has to be in QEMU.",
    next: ["start QEMU with -machine kernel-irqchip=split"],
  },
];

const wordOf = (words: string, name: string): bigint | undefined =>
  hexNumber(new RegExp(String.raw`\b${name}[=:] ?(0x[0-9a-f]+|[0-9a-f]+)`).exec(words)?.[1]);

const descriptorForm =
  /vtd_\w+: invalid [\w -]*?desc(?::| val\[3\]).*?\(([^()]*(?:\([^()]*\)[^()]*)?)\)\s*$/;

/** A descriptor that QEMU refuses: in halves, or in quarters where the queue is wide. */
const descriptor: Recogniser = (words) => {
  const match = descriptorForm.exec(words);
  if (match === null) return undefined;
  const quarters = ["0", "1", "2", "3"].map((index) => wordOf(words, String.raw`val\[${index}\]`));
  const halves = [wordOf(words, "lo"), wordOf(words, "hi")];
  const all = quarters[0] === undefined ? halves : quarters;
  const shown = all.filter((word) => word !== undefined);
  if (shown.length !== all.length) return undefined;
  return { kind: "descriptor", role: "refused", words: shown, said: match[1] };
};

/** QEMU's messages about its VT-d unit that are no faults. */
export const readEmulatorMessage: Recogniser = firstOf([descriptor, messageReader("QEMU", forms)]);
