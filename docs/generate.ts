import { hex } from "../events/address.ts";
import { ContextEntry } from "../events/context/context-entry.ts";
import { ExtendedContextEntry } from "../events/context/extended-context-entry.ts";
import { ExtendedPasidEntry, PasidStateEntry } from "../events/context/extended-pasid-entry.ts";
import { PasidDirectoryEntry, PasidEntry } from "../events/context/pasid-entry.ts";
import { RootEntry } from "../events/context/root-entry.ts";
import { ScalableContextEntry } from "../events/context/scalable-context-entry.ts";
import { ScalableRootEntry } from "../events/context/scalable-root-entry.ts";
import { facts } from "../events/fact.ts";
import { faultReasons } from "../events/fault/fault-reason.ts";
import { FaultRecord } from "../events/fault/fault-record.ts";
import type { FieldTable } from "../events/field.ts";
import { FirstStageEntry } from "../events/first-stage/first-stage-entry.ts";
import { inputs } from "../events/input.ts";
import { PostedEntry, RemappedEntry } from "../events/interrupt/interrupt-entry.ts";
import {
  CompatibilityAddress,
  CompatibilityData,
  CompatibilityRte,
  RemappableAddress,
  RemappableData,
  RemappableRte,
} from "../events/interrupt/interrupt-request.ts";
import { PostedDescriptor } from "../events/interrupt/posted-descriptor.ts";
import type { AnyLayout } from "../events/layout/layout.ts";
import { ExtendedPageRequest } from "../events/page-request/extended-page-request.ts";
import { PageRequestEntry } from "../events/page-request/page-request-entry.ts";
import type { Profile } from "../events/profile/profile.ts";
import { profileOf } from "../events/profile/profile.ts";
import { profiles } from "../events/profile/profiles.ts";
import { descriptors } from "../events/queue/descriptor-scope.ts";
import { extendedDescriptors } from "../events/queue/extended-descriptors.ts";
import { Ecap } from "../events/registers/capability.ts";
import type { RegisterSpec } from "../events/registers/register.ts";
import { registerMap } from "../events/registers/register.ts";
import { SecondStageEntry } from "../events/shadow/second-stage-entry.ts";
import { noticedRows } from "../properties/bugs/noticed.ts";
import { auditPage } from "./audit-page.ts";
import { chartPage } from "./chart-pictures.ts";
import { deviationPage } from "./deviations.ts";
import { expressionsPage } from "./expressions-page.ts";
import { historicPage } from "./historic-bugs.ts";
import { layoutTable } from "./layout-table.ts";
import { noticedPage } from "./noticed.ts";
import { table } from "./table.ts";

const page = (...parts: readonly string[]): string => `${parts.join("\n\n")}\n`;

const derived = "Derived from the declarations in `events/` by `npm run docs`; change those.";

const section = (of: AnyLayout, ...text: readonly string[]): string =>
  [`## ${of.name}`, ...text, layoutTable(of)].join("\n\n");

const yes = (value: boolean): string => (value ? "yes" : "no");

function profileRow(profile: Profile): readonly string[] {
  const { name, ver, cap, ecap, haw, mgaw, levels, nfr, cachingMode } = profile;
  const words = [ver, cap, ecap].map((word) => `\`${hex(word)}\``);
  return [name, ...words, `${haw}`, `${mgaw}`, [...levels].join(", "), `${nfr}`, yes(cachingMode)];
}

function registerRow(spec: RegisterSpec): readonly string[] {
  const masks = [spec.reset, spec.writable, spec.w1c].map((mask) => `\`${hex(mask)}\``);
  return [`\`${hex(spec.offset)}\``, spec.name, `${spec.bytes}`, ...masks, spec.doc];
}

function registers(): string {
  const { ver, cap, ecap } = profiles.everything;
  const pageRequests = Ecap.mask("prs") | Ecap.mask("smts") | Ecap.mask("smpwcs");
  const { specs } = registerMap(profileOf({ ver, cap, ecap: ecap | pageRequests }));
  const layouts = new Map(specs.map((spec) => [spec.layout.name, spec.layout]));
  return page(
    "# Registers",
    derived,
    "As the profile `everything` has them, with page requests. IVA and IOTLB lie where ECAP.IRO " +
      "says, fault records (FRCD) where CAP.FRO says. What a unit's capabilities lack is absent " +
      "or read-only; absent bytes read as 0 and ignore writes.",
    table(
      ["offset", "name", "bytes", "reset", "writable", "1 clears", "meaning"],
      [...specs.map(registerRow)],
    ),
    "## Capability profiles",
    table(
      ["name", "VER", "CAP", "ECAP", "HAW", "MGAW", "levels", "fault records", "CM"],
      [...Object.values(profiles).map(profileRow)],
    ),
    ...[...layouts.values()].map((of) => section(of)),
  );
}

const entries = (): string =>
  page(
    "# Table entries",
    derived,
    "Addresses at or above the host address width are reserved too. In second-stage entries so " +
      "are `snp` without snoop control, `ps` at levels 4 and 5 and where the superpage size is " +
      "missing, and the low address bits of a superpage.",
    ...[RootEntry, ContextEntry, SecondStageEntry].map((of) => section(of)),
    ...[ScalableRootEntry, ScalableContextEntry].map((of) => section(of)),
    ...[PasidDirectoryEntry, PasidEntry, FirstStageEntry].map((of) => section(of)),
    section(PageRequestEntry, "The unit writes it into the page request queue."),
    section(ExtendedContextEntry, "Of version 2.x, whose root entries are those of scalable mode."),
    section(ExtendedPasidEntry, "Of version 2.x."),
    section(PasidStateEntry, "Of version 2.x; no unit here defers invalidations."),
    section(ExtendedPageRequest, "Of version 2.x."),
    ...[RemappedEntry, PostedEntry, PostedDescriptor].map((of) => section(of)),
    ...[RemappableAddress, RemappableData, CompatibilityAddress].map((of) => section(of)),
    ...[CompatibilityData, RemappableRte, CompatibilityRte].map((of) => section(of)),
  );

/** The kinds of descriptor that version 2.x lays out in a way of its own. */
const laidOutApart = () =>
  [...extendedDescriptors.values()].filter(
    ({ type, layout }) => layout !== descriptors.get(type)?.layout,
  );

const descriptorPage = (): string =>
  page(
    "# Queue descriptors",
    derived,
    "The type is bits 11:9 above bits 3:0. The upper half of a 256-bit descriptor is reserved.",
    ...[...descriptors.values(), ...laidOutApart()].map((row) =>
      section(row.layout, `Type ${hex(row.type)}, ${row.width} bits at least. ${row.doc}`),
    ),
  );

const faults = (): string =>
  page(
    "# Fault reasons",
    derived,
    "A qualified fault is not recorded when FPD is set in the entry that governs the request.",
    table(
      ["code", "name", "qualified", "meaning"],
      [...faultReasons.values()].map((row) => [
        `${row.code.toString(16).toUpperCase()}h`,
        `\`${row.name}\``,
        yes(row.qualified),
        row.text,
      ]),
    ),
    section(FaultRecord),
  );

function eventTable(events: Readonly<Record<string, FieldTable>>): string {
  const rows = Object.entries(events).map(([type, fields]) => [
    `\`${type}\``,
    Object.entries(fields)
      .map(([name, field]) => `\`${name}\`: ${field.form}`)
      .join("; "),
  ]);
  return table(["type", "fields"], rows);
}

const events = (): string =>
  page(
    "# Events",
    derived,
    'Words and addresses are written `"0x…"`, bytes as hexadecimal digits in memory order.',
    "## Inputs",
    eventTable(inputs),
    "## Facts",
    eventTable(facts),
  );

/** Every derived document: its file name and its text. */
export const documents = (): ReadonlyMap<string, string> =>
  new Map([
    ["registers.md", registers()],
    ["entries.md", entries()],
    ["descriptors.md", descriptorPage()],
    ["faults.md", faults()],
    ["events.md", events()],
    ["expressions.md", expressionsPage()],
    ["charts.md", chartPage()],
    ["qemu-deviations.md", deviationPage()],
    ["historic-bugs.md", historicPage()],
    ["audit.md", auditPage()],
    ["noticed.md", noticedPage(noticedRows())],
  ]);
