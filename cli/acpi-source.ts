import { headBytes } from "../events/acpi/read-dmar.ts";
import type { TextTable } from "../events/acpi/table-text.ts";
import { tablesOfText } from "../events/acpi/table-text.ts";
import { readWhole } from "./binary.ts";
import { InputError, lineError } from "./input-error.ts";

/** An ACPI table as a file holds it. */
export interface AcpiSource {
  readonly bytes: Uint8Array;
  /** Where a text has it; `undefined` for a file that is the table itself. */
  readonly text: TextTable | undefined;
  /** The other tables of the text, by their signatures, in its order. */
  readonly others: readonly string[];
}

const textDecoders = { fffe: "utf-16le", feff: "utf-16be" } as const;

/** The text that bytes are, in whatever encoding; `undefined` for a table: that has zero bytes. */
function textOf(bytes: Uint8Array): string | undefined {
  const mark = Buffer.from(bytes.subarray(0, 2)).toString("hex");
  const wide = textDecoders[mark as keyof typeof textDecoders];
  if (wide !== undefined) return new TextDecoder(wide).decode(bytes);
  return bytes.includes(0) ? undefined : new TextDecoder().decode(bytes);
}

/** The signature of a table; Xen writes its own over that of the DMAR. */
const isDmar = ({ signature }: TextTable): boolean => signature === "DMAR" || signature === "RMAD";

/**
 * The DMAR table of a file: as firmware has it, or the first one that a text shows, as `acpidump`
 * and `iasl -d` print it. `-` is standard input.
 *
 * @throws InputError when the file cannot be read, or is a text without such a table.
 */
export async function openDmar(file: string): Promise<AcpiSource> {
  const bytes = await readWhole(file);
  const text = textOf(bytes);
  if (text === undefined) return { bytes, text: undefined, others: [] };
  const tables = tablesOfText(text.split(/\r?\n/));
  const found = tables.find(isDmar);
  const others = tables.filter((table) => table !== found).map(({ signature }) => signature);
  const [doubt] = found?.doubts ?? [];
  if (found !== undefined && found.bytes.length < headBytes && doubt !== undefined) {
    throw lineError(file, doubt.line, doubt.what);
  }
  if (found !== undefined) return { bytes: found.bytes, text: found, others };
  const what = others.length === 0 ? "no ACPI table, and no text that shows one" : "no DMAR table";
  const there = others.length === 0 ? "" : `, but ${[...new Set(others)].join(", ")}`;
  throw new InputError(`${file}: ${what}${there}`);
}
