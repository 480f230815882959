import { formatSourceId, hex } from "../../events/address.ts";
import { isPosted, PostedEntry, RemappedEntry } from "../../events/interrupt/interrupt-entry.ts";
import type { Evidence, UnitKnown } from "../evidence.ts";
import { dumpEntries } from "../text/entry-text.ts";
import { fieldsOf } from "../text/field-text.ts";
import { registerFields } from "../text/register-text.ts";
import { checkSentences } from "../walk/verdict.ts";
import { walkDump } from "../walk/walk-dump.ts";
import type { Finding, ShownWord } from "./finding.ts";
import { finding } from "./finding.ts";
import { dumpFromRows } from "./rows-dump.ts";
import { rulesOfDump } from "./unit-rules.ts";

const shownRows = 32;

/** Dumps that no fault of the text belongs to. */
const dumpFindings = (evidence: Evidence): readonly Finding[] =>
  evidence.dumps.map((dump) => {
    const walk = walkDump(dump, { iova: dump.iova }, rulesOfDump(evidence, dump));
    const where = dump.iova === undefined ? "" : ` for ${hex(dump.iova)}`;
    return finding({
      kind: "dump",
      severity: "information",
      title: `A dump of the tables${where}, without the fault that it belongs to.`,
      lines: { first: dump.line, last: dump.line },
      facts: dump.unit === undefined ? {} : { unit: dump.unit },
      entries: dumpEntries(dump),
      hints: checkSentences(walk),
    });
  });

/** The rows of `dmar_translation_struct`, each taken apart. */
function rowFindings(evidence: Evidence): readonly Finding[] {
  return evidence.rows.slice(0, shownRows).map((row) => {
    const { source, pasid, unit, line } = row;
    const dump = dumpFromRows(evidence, { source, pasid, address: undefined });
    const space = pasid === undefined ? "" : `, PASID ${hex(pasid)}`;
    return finding({
      kind: "translation tables",
      severity: "information",
      title: `Tables of ${formatSourceId(source)}${space} under ${unit === "" ? "a unit" : unit}.`,
      lines: { first: line, last: line },
      facts: { mode: pasid === undefined ? "legacy" : "scalable" },
      entries: dump === undefined ? [] : dumpEntries({ ...dump, pages: [] }),
    });
  });
}

/** The page tables of `domain_translation_struct`. */
function pageTableFindings({ pageTables, pageRows }: Evidence): readonly Finding[] {
  return pageTables.map(({ source, pasid, root, line }) => {
    const own = pageRows.filter((row) => row.source === source && row.root === root);
    const last = own.at(-1);
    const space = pasid === undefined ? "" : ` with PASID ${hex(pasid)}`;
    const range =
      own[0] === undefined || last === undefined
        ? {}
        : { first: hex(own[0].iova), last: hex(last.iova) };
    return finding({
      kind: "page table",
      severity: "information",
      title:
        `Page table of ${formatSourceId(source)}${space} at ${hex(root)}: ${own.length} mapped ` +
        "pages are shown.",
      lines: { first: line, last: last?.line ?? line },
      facts: { rows: own.length.toString(), ...range },
    });
  });
}

function registerWords({ registers }: UnitKnown): readonly ShownWord[] {
  return [...registers].map(([name, value]) => {
    const fields = registerFields(name, value);
    const note = fields === undefined ? { note: "not declared here" } : {};
    return { name, value: hex(value), fields: fields ?? [], ...note };
  });
}

/** What a unit's registers say of its state. */
function stateHints({ registers }: UnitKnown): readonly string[] {
  const gsts = registers.get("GSTS");
  const fsts = registers.get("FSTS");
  const off = gsts !== undefined && (gsts & 0x8000_0000n) === 0n;
  return [
    ...(off ? ["Translation is off (GSTS.TES=0): DMA goes untranslated."] : []),
    ...(gsts === 0xffff_ffffn ? ["GSTS reads as ones: the registers do not answer."] : []),
    ...(fsts !== undefined && (fsts & 0x10n) !== 0n
      ? ["The invalidation queue is halted (FSTS.IQE=1): nothing is invalidated."]
      : []),
    ...(fsts !== undefined && (fsts & 1n) !== 0n
      ? ["Faults were lost (FSTS.PFO=1): there were more than records."]
      : []),
  ];
}

/** Units: what they can do, and what their registers hold. */
function unitFindings({ units }: Evidence): readonly Finding[] {
  return units.flatMap((unit) => {
    const { name, line, base, cap, ecap, ver } = unit;
    const words = registerWords(unit);
    const told = [
      ...(ver === undefined ? [] : [["VER", ver] as const]),
      ...(cap === undefined ? [] : [["CAP", cap] as const]),
      ...(ecap === undefined ? [] : [["ECAP", ecap] as const]),
    ].filter(([of]) => !unit.registers.has(of));
    const more = told.map(([of, value]) => ({
      name: of,
      value: hex(value),
      fields: registerFields(of, value) ?? [],
    }));
    if (words.length + more.length === 0) return [];
    const what = words.length === 0 ? "capabilities" : "registers";
    return [
      finding({
        kind: "registers",
        severity: "information",
        title: `The ${what} of ${name === "" ? "a unit" : name}.`,
        lines: { first: line, last: line },
        facts: base === undefined ? {} : { "register base": hex(base) },
        words: [...more, ...words],
        hints: stateHints(unit),
      }),
    ];
  });
}

/** The interrupt entries that are shown, of each unit. */
function interruptFindings({ interrupts }: Evidence): readonly Finding[] {
  const units = [...new Set(interrupts.map(({ unit }) => unit))];
  return units.map((unit) => {
    const own = interrupts.filter((row) => row.unit === unit);
    const words = own.slice(0, shownRows).map(({ index, entry, shown }): ShownWord => {
      const layout = isPosted(entry) ? PostedEntry : RemappedEntry;
      const { sid } = layout.decode(entry);
      return {
        name: `entry ${index.toString()} of ${formatSourceId(sid)}`,
        value: hex(entry),
        fields: fieldsOf(layout, entry, shown),
      };
    });
    const [first, last] = [own[0]?.line ?? 0, own.at(-1)?.line ?? 0];
    return finding({
      kind: "interrupt entries",
      severity: "information",
      title: `${own.length} interrupt entries of ${unit === "" ? "a unit" : unit} are shown.`,
      lines: { first, last },
      words,
    });
  });
}

/** What is mapped for Xen's domains. */
function mapFindings({ maps }: Evidence): readonly Finding[] {
  const domains = [...new Set(maps.map(({ domain }) => domain))];
  return domains.map((domain) => {
    const own = maps.filter((row) => row.domain === domain);
    const [first, last] = [own[0], own.at(-1)];
    const moved = own.filter(({ frame, target }) => frame !== target).length;
    return finding({
      kind: "mappings",
      severity: "information",
      title:
        `${own.length} pages are mapped for domain ` +
        `${domain === "" ? "that is not told" : domain}.`,
      lines: { first: first?.line ?? 0, last: last?.line ?? 0 },
      facts: {
        first: hex((first?.frame ?? 0n) << 12n),
        last: hex((last?.frame ?? 0n) << 12n),
        "to itself": (own.length - moved).toString(),
      },
    });
  });
}

/** Everything that a paste shows of tables and registers. */
export const tableFindings = (evidence: Evidence): readonly Finding[] => [
  ...dumpFindings(evidence),
  ...rowFindings(evidence),
  ...pageTableFindings(evidence),
  ...unitFindings(evidence),
  ...interruptFindings(evidence),
  ...mapFindings(evidence),
];
