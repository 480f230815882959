import { AcpiError } from "../../events/acpi/acpi-error.ts";
import type { Scope, Structure } from "../../events/acpi/dmar.ts";
import { remarksOn } from "../../events/acpi/dmar-remarks.ts";
import { readDmar } from "../../events/acpi/read-dmar.ts";
import type { Remark } from "../../events/acpi/remark.ts";
import { formatScope, scopeFlagsText } from "../../events/acpi/scope-text.ts";
import type { TextTable } from "../../events/acpi/table-text.ts";
import { hex } from "../../events/address.ts";
import type { Finding } from "./finding.ts";
import { finding } from "./finding.ts";

/** An ACPI table, and the lines of the text that it takes; none for a file that is the table. */
export interface AcpiTable extends Partial<Pick<TextTable, "form" | "lines" | "doubts">> {
  readonly bytes: Uint8Array;
}

const scopeText = (scope: Scope): string => `${formatScope(scope)}${scopeFlagsText(scope)}`;

/** Which PCI segment a structure is of, where it is not the first. */
const segmentText = (structure: Structure): string =>
  "segment" in structure && structure.segment !== 0 ? `segment ${structure.segment}, ` : "";

/** What a structure says, in a few words. */
const structureText = (structure: Structure): string =>
  `${segmentText(structure)}${fieldsText(structure)}`;

function fieldsText(structure: Structure): string {
  const scopes = "scopes" in structure ? structure.scopes.map(scopeText) : [];
  const devices = scopes.length === 0 ? "" : `; ${scopes.join("; ")}`;
  switch (structure.type) {
    case "DRHD":
      return (
        `registers${structure.size === 0 ? "" : ` of ${2 ** structure.size} x 4 KiB`} at ` +
        `${hex(structure.base)}${structure.includePciAll ? ", all other devices" : ""}${devices}`
      );
    case "RMRR":
      return `${hex(structure.base)} to ${hex(structure.end)}${devices}`;
    case "RHSA":
      return `unit at ${hex(structure.base)}, proximity domain ${structure.proximityDomain}`;
    case "ANDD":
      return `device ${structure.deviceNumber}: ${structure.name}`;
    case "ATSR":
      return `${structure.allPorts ? "all ports" : "some ports"}${devices}`;
    case "SATC":
      return `${structure.atcRequired ? "cache required" : "cache not required"}${devices}`;
    case "SIDP":
      return `properties${devices}`;
    case "raw":
      return `type ${structure.code}, ${structure.bytes.length} bytes`;
  }
}

const remarkText = ({ at, what, who }: Remark): string => {
  const said = Object.entries(who).map(([name, text]) => `${name}: ${text}`);
  return `At ${hex(at)}: ${what}${said.length === 0 ? "" : ` (${said.join("; ")})`}.`;
};

/** A DMAR table, explained; `undefined` for one that cannot be read at all. */
export function acpiFinding({ bytes, lines, form, doubts = [] }: AcpiTable): Finding {
  const [first = 0, last = 0] = lines ?? [];
  const place = { first, last };
  try {
    const reading = readDmar(bytes);
    const { table, damage, byteCount } = reading;
    const structures = table.structures.map(
      (one, index) => [`${index + 1}. ${one.type}`, structureText(one)] as const,
    );
    const flags = [
      ...(table.intrRemap ? ["INTR_REMAP"] : []),
      ...(table.x2apicOptOut ? ["X2APIC_OPT_OUT"] : []),
      ...(table.dmaOptIn ? ["DMA_OPT_IN"] : []),
    ];
    const isDamaged = damage.length + doubts.length > 0;
    const source = form === undefined ? "" : `, from a ${form}`;
    return finding({
      kind: "ACPI table",
      severity: isDamaged ? "warning" : "information",
      title: `A DMAR table of ${byteCount} bytes${source}${isDamaged ? ", damaged" : ""}.`,
      lines: place,
      facts: {
        "host address width": table.hostAddressWidth.toString(),
        flags: flags.length === 0 ? "none" : flags.join(", "),
        ...Object.fromEntries(structures),
      },
      hints: [
        ...doubts.map(({ line, what }) => `Line ${line}: ${what}.`),
        ...damage.map(remarkText),
        ...remarksOn(reading).map(remarkText),
      ],
      next: ["shadowfold dmar show FILE shows it byte by byte, with everything that is doubtful"],
    });
  } catch (error) {
    if (!(error instanceof AcpiError)) throw error;
    return finding({
      kind: "ACPI table",
      severity: "error",
      title: `A DMAR table that cannot be read: ${error.message}.`,
      lines: place,
      hints: doubts.map(({ line, what }) => `Line ${line}: ${what}.`),
    });
  }
}

/** Whether a table is one of DMA remapping; Xen writes its own signature over it. */
export const isDmarTable = (signature: string): boolean =>
  signature === "DMAR" || signature === "RMAD";
