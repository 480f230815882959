import { formatNames, formatOf } from "../qemu/trace/trace.ts";

/** First bytes of files that somebody may take for a log. */
const magics: readonly (readonly [string, string])[] = [
  ["\u007fELF", "a program (ELF)"],
  ["\u0089PNG", "a picture (PNG)"],
  ["\u00ff\u00d8\u00ff", "a picture (JPEG)"],
  ["GIF8", "a picture (GIF)"],
  ["%PDF", "a PDF document"],
  ["PK\u0003\u0004", "a zip archive"],
  ["\u00fd7zXZ", "compressed by xz, which has to be unpacked first"],
  ["BZh", "compressed by bzip2, which has to be unpacked first"],
  ["(\u00b5/\u00fd", "compressed by zstd, which has to be unpacked first"],
  ["SQLite format 3", "an SQLite database"],
  ["PERFILE2", "a recording of perf"],
  ["QFI\u00fb", "a disk image (qcow2)"],
  ["<!doctype html", "a web page"],
  ["<!DOCTYPE html", "a web page"],
  ["<html", "a web page"],
];

const isText = (head: Uint8Array): boolean => head.every((byte) => byte > 8 && byte !== 127);

/** What text seems to be that is no log. */
function textKind(text: string): string {
  const lines = text.split("\n").slice(0, 40);
  const format = lines.map(formatOf).find((one) => one !== undefined);
  if (format !== undefined) {
    return `a ${formatNames[format]}: it has no guest memory to fold; shadowfold trace reads it`;
  }
  if (lines.some((line) => /DMAR|iommu/i.test(line))) {
    return "a kernel's messages; shadowfold explain tells what they mean";
  }
  if (/^\s*[[{]/.test(text)) return "JSON, but neither a log nor a recording";
  return "some other text";
}

/** What a file certainly is that is no log, by its first bytes; `undefined` where nobody knows. */
export function knownKind(head: Uint8Array): string | undefined {
  const start = String.fromCharCode(...head.subarray(0, 32));
  return magics.find(([magic]) => start.startsWith(magic))?.[1];
}

/**
 * What a file that is no log seems to be, by its first bytes.
 *
 * @param head  the first bytes, unpacked if they were gzipped.
 */
export function seemsToBe(head: Uint8Array): string {
  if (head.length === 0) return "empty";
  const known = knownKind(head);
  if (known !== undefined) return known;
  if (isText(head)) return textKind(new TextDecoder().decode(head));
  return new TextDecoder().decode(head.subarray(0, 4)) === "DMAR"
    ? "an ACPI table; shadowfold dmar reads it"
    : "not text";
}
