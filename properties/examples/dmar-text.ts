/** Bytes of a line as a dump shows them. */
const pairs = (row: Uint8Array): string[] =>
  [...row].map((byte) => byte.toString(16).padStart(2, "0"));
const printed = (row: Uint8Array): string =>
  [...row].map((of) => (of > 31 && of < 127 ? String.fromCharCode(of) : ".")).join("");

/** One line of a dump of 16 bytes, from its offset. */
type Line = (at: number, row: Uint8Array) => string;

const lines = (bytes: Uint8Array, line: Line): readonly string[] =>
  Array.from({ length: Math.ceil(bytes.length / 16) }, (_, index) =>
    line(16 * index, bytes.subarray(16 * index, 16 * index + 16)),
  );

const place = (at: number, digits: number): string => at.toString(16).padStart(digits, "0");

/** The lines of a table as `acpidump` prints it. */
export const acpidumpOf = (signature: string, bytes: Uint8Array): readonly string[] => [
  `${signature} @ 0x0000000000000000`,
  ...lines(bytes, (at, row) => {
    const text = pairs(row).join(" ").toUpperCase().padEnd(47);
    return `    ${place(at, 4).toUpperCase()}: ${text}  ${printed(row)}`;
  }),
  "",
];

/** The raw data below a disassembly of `iasl -d`. */
export const rawDataOf = (bytes: Uint8Array): readonly string[] => [
  `Raw Table Data: Length ${bytes.length} (0x${bytes.length.toString(16)})`,
  "",
  ...lines(bytes, (at, row) => {
    const text = pairs(row).join(" ").toUpperCase().padEnd(48);
    return `    ${place(at, 4).toUpperCase()}: ${text} // ${printed(row)}`;
  }),
];

/** The lines of a table as `hexdump -C` prints it, equal lines left out. */
export function hexdumpOf(bytes: Uint8Array): readonly string[] {
  const all = lines(bytes, (at, row) => {
    const text = `${pairs(row.subarray(0, 8)).join(" ")}  ${pairs(row.subarray(8)).join(" ")}`;
    return `${place(at, 8)}  ${text.padEnd(48)}  |${printed(row)}|`;
  });
  const out: string[] = [];
  for (const [index, line] of all.entries()) {
    const isSame = index > 0 && line.slice(8) === all[index - 1]?.slice(8);
    if (!isSame) out.push(line);
    else if (out.at(-1) !== "*") out.push("*");
  }
  return [...out, place(bytes.length, 8)];
}

/** The lines of a table as `xxd` prints it. */
export const xxdOf = (bytes: Uint8Array): readonly string[] =>
  lines(bytes, (at, row) => {
    const text = pairs(row)
      .join("")
      .replaceAll(/(.{4})(?=.)/g, "$1 ");
    return `${place(at, 8)}: ${text.padEnd(39)}  ${printed(row)}`;
  });
