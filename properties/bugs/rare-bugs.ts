import type { Bug } from "./bug.ts";

/** Mistakes that show where guests, devices and hosts seldom go. */
export const rareBugs: readonly Bug[] = [
  {
    id: "odd-tail",
    what: "A tail between two descriptors of 256 bits is taken.",
    file: "machines/queue/queue.ts",
    find: "event.tail % queueGeometry(context.address).step !== 0,",
    replace: "event.tail % 16 !== 0,",
    law: "PF1",
  },
  {
    id: "read-only-given",
    what: "In legacy mode a device that asks to write is told that it may, whatever the page says.",
    file: "hypervisor/device/translation-request.ts",
    find: "write: writeCode(mapping) === ok,",
    replace:
      "write: writeCode(mapping) === ok || " +
      `(entry.tag === undefined && asked.access === "write"),`,
    law: "TA1",
  },
  {
    id: "answer-to-anybody",
    what: "An answer to a group of an unknown source-id goes to whoever waits for that group.",
    file: "hypervisor/page-request/page-group.ts",
    find: "const candidates = devicesBehind(guestIn(turn), rid).map(({ source }) => source);",
    replace:
      "const known = devicesBehind(guestIn(turn), rid).map(({ source }) => source); " +
      "const candidates = known.length > 0 ? known : [0x20, 0x24, 0x1c0, 0x208].map(sourceId);",
    law: "PG1",
  },
  {
    id: "any-error-resumes",
    what: "Clearing one of two errors of the queue starts it again.",
    file: "machines/queue/queue.ts",
    find: "halting.every((one) => errors[one] === (one === error)),",
    replace: "errors[error],",
    law: "QU2",
  },
  {
    id: "model-told-low-part",
    what: "Of a page of 1 GiB a device model is told the address of the 2 MiB that it asks for.",
    file: "hypervisor/device/device-translate.ts",
    find: "(given.gfn % pages)",
    replace: "(given.gfn % Math.min(pages, 512))",
    law: "DT1",
  },
  {
    id: "rights-of-the-other-link",
    what: "A table that is linked twice has the rights of its first link in both places.",
    file: "hypervisor/shadow/build.ts",
    find: "const key = ((gfn * 8 + level) * 8 + read) * 8 + write;",
    replace: "const key = ((gfn * 8 + level) * 8 + 0) * 8;",
    law: "SH1",
  },
  {
    id: "memory-type-in-address",
    what: "PAT of a superpage of a first stage is taken for a bit of its address.",
    file: "hypervisor/first-stage/walk-first-stage.ts",
    find: "return Math.floor(named / span) * span + (lower & (span - 1));",
    replace: "return named + (lower & (span - 1));",
    law: "SH1",
  },
  // The example NE1 catches it; no law has within 90 s.
  {
    id: "written-then-read",
    what: "What a write cached of a page that the second stage lets be written alone is read, too.",
    file: "hypervisor/first-stage/walk-first-stage.ts",
    find: "read = readCode(place) === ok;",
    replace: "read = readCode(place) <= ok;",
    law: "DM1",
  },
  {
    id: "split-grants",
    what: "A block of the P2M that is split is granted again whatever it was protected from.",
    file: "tables/p2m.ts",
    find: "const smaller = resized(get(tree, start), size - 1);",
    replace:
      "const smaller = resized(p2mMapping(frameOf(get(tree, start)), true, true, size), size - 1);",
    law: "IS1",
  },
  {
    id: "pasid-tlb-unflushed",
    what: "What devices hold by PASID outlasts the P2M's grant.",
    file: "hypervisor/device/device-tlb.ts",
    find: "tlbsWhere(guestIn(turn).deviceTlbs, isPhysical)",
    replace:
      "tlbsWhere(guestIn(turn).deviceTlbs, (tlb) => isPhysical(tlb) && tlb.pasid === undefined)",
    law: "IS1",
  },
  {
    id: "top-unfollowed",
    what: "Nothing follows a change of the P2M's last page.",
    file: "hypervisor/memory/p2m.ts",
    find: "const gfns = concerned(p2m, fact);",
    replace:
      "const whole = concerned(p2m, fact); " +
      "const last = 2 ** (guestIn(turn).profile.haw - 12) - 1; " +
      "const gfns = { ...whole, end: Math.min(whole.end, last) };",
    law: "IS1",
  },
  {
    id: "attached-with-old-tlb",
    what: "A device that is attached again has in its TLB what it had before.",
    file: "projections/device/evolve-device.ts",
    find: "guest.deviceTlbs = withoutTlbsOf(guest.deviceTlbs, device.source);",
    replace: "",
    law: "TL1",
  },
];
