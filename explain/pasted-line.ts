import { parseJson } from "../events/json.ts";

/** A line as somebody pasted it. */
export interface PastedLine {
  /** Its number in the file, from 1. */
  readonly number: number;
  /** As it stands there. */
  readonly text: string;
  /** Without quotation marks of a mail, colours, and what a console or a log puts before it. */
  readonly words: string;
}

/** What a terminal's colours are. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they are made of.
const colours = /\u001b\[[0-9;]*m/g;

/** What stands before the words, one after the other, each once or more. */
const before: readonly RegExp[] = [
  // Quotations in a mail.
  /^\s*(?:>\s?)+/,
  // journald and syslog: a date, a host and the program.
  /^\s*[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)? \S+ (?:[\w.-]+(?:\[\d+\])?: ?)?/,
  /^\s*\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)? (?:\S+ kernel: )?/,
  /^\s*(?:VM )?(?:hypervisor|kernel): ?/,
  // printk: a level, a time, a date in brackets.
  /^\s*<\d{1,2}>/,
  /^\s*\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?/,
  /^\s*\[[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4}\] ?/,
  /^\s*\(XEN\) (?:\[[^\]]*\d{4}-\d\d-\d\d[^\]]*\] )?(?:\[ *\d+\.\d+\] )?/,
  // Code in Markdown.
  /^\s*`+/,
  // A comment of a script, or of C.
  /^\s*# (?=\[)/,
  /^\s*\* (?=\S)/,
];

/** No line of any log that is read here is longer; what comes after is not looked at. */
const longest = 4096;

/** A journal entry's line of JSON has the names of its fields in capitals. */
const isEntry = /^\s*\{.*"MESSAGE"\s*:/;

/** What an entry of the journal says that is a line of JSON; `undefined` for any other line. */
export function journalMessage(text: string): string | undefined {
  if (!isEntry.test(text)) return undefined;
  try {
    const entry = parseJson(text) as { readonly MESSAGE?: unknown };
    return typeof entry.MESSAGE === "string" ? entry.MESSAGE : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The words of a line. */
export function wordsOf(text: string): string {
  const said = journalMessage(text) ?? text;
  let words = said.slice(0, longest).replaceAll("\0", "").replaceAll(colours, "");
  words = words.replace(/[\s`]+$/, "");
  for (;;) {
    const shorter = before.reduce((rest, form) => rest.replace(form, ""), words);
    if (shorter === words) return words;
    words = shorter;
  }
}

/**
 * What quoted-printable mails write for a character: those that are common, and pairs beyond ASCII.
 * Any other pair may as well be a number behind an equals sign.
 */
const encoded = /=(20|3D)|=C2=A0/g;

/** A line that goes on in the next one. */
const softEnd = /[^=\s]=$/;

/** Whether lines are those of a mail in the encoding "quoted-printable". */
const isEncoded = (lines: readonly string[]): boolean =>
  lines.some((line) => softEnd.test(line) || /\w =3D |=(?:20|3D)$/.test(line));

/** Lines with soft ends joined and characters decoded; a joined line has its first one's number. */
function decoded(lines: readonly string[]): readonly (readonly [number, string])[] {
  const whole: [number, string][] = [];
  let isOpen = false;
  for (const [index, line] of lines.entries()) {
    const isSoft = softEnd.test(line);
    const part = (isSoft ? line.slice(0, -1) : line).replaceAll(encoded, (_, code?: string) =>
      code === "3D" ? "=" : " ",
    );
    const last = whole.at(-1);
    if (isOpen && last !== undefined) last[1] += part;
    else whole.push([index + 1, part]);
    isOpen = isSoft;
  }
  return whole;
}

/** The lines of a text, each with its words. */
export function pastedLines(lines: readonly string[]): readonly PastedLine[] {
  const numbered = isEncoded(lines)
    ? decoded(lines)
    : lines.map((text, index) => [index + 1, text] as const);
  return numbered.map(([number, text]) => ({ number, text, words: wordsOf(text) }));
}
