import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pc from "picocolors";
import { runProgram } from "../cli/program.ts";
import { table } from "./table.ts";

/** The lines of a log, without their ends. */
type Lines = readonly string[];

/** A way to edit a log. */
interface Edit {
  readonly what: string;
  readonly edit: (lines: Lines) => Lines;
  /** Whether its facts are decided again afterwards, and its events numbered anew. */
  readonly redecided?: true;
}

const at = (lines: Lines, text: string): number => lines.findIndex((line) => line.includes(text));

const changed = (text: string, from: string | RegExp, to: string) => (lines: Lines) => {
  const index = at(lines, text);
  return lines.with(index, (lines[index] ?? "").replace(from, to));
};

const removed = (text: string) => (lines: Lines) => lines.toSpliced(at(lines, text), 1);

const doubled = (text: string) => (lines: Lines) => {
  const index = at(lines, text);
  return lines.toSpliced(index, 0, lines[index] ?? "");
};

const swapped = (text: string) => (lines: Lines) => {
  const index = at(lines, text);
  return lines.with(index, lines[index + 1] ?? "").with(index + 1, lines[index] ?? "");
};

const header = (from: string | RegExp, to: string) => changed('"shadowfold"', from, to);
const note = '{"seq":1,"input":"Note","text":"seen by two"}';
const [landed, dma, write] = ['"DmaLanded"', '"input":"Dma"', '"input":"MemoryWrite"'];
const caps = { ver: "0x10", cap: "0x1109038c222f06e6", ecap: "0x23c99ec000105f", haw: 40 };
const second = { ...caps, p2m: [], devices: [] };
/** A write that nothing reads, added to the driver's log. */
const unread = '{"seq":1,"input":"MemoryWrite","gpa":"0x700000","bytes":"aa"}';

/** Every kind of edit, of facts first; the log is that of an example driver. */
const edits: readonly Edit[] = [
  { what: "a field of a fact changed", edit: changed(landed, '"hpa":"0x', '"hpa":"0x1') },
  { what: "the cause of a fact changed", edit: changed(landed, /"cause":\d+/, '"cause":1') },
  { what: "a fact removed", edit: removed(landed) },
  { what: "a fact doubled", edit: doubled(landed) },
  { what: "a fact and the input after it swapped", edit: swapped(landed) },
  {
    what: "all facts and the end removed",
    edit: (all) => all.filter((line) => !/"fact"|^\{"end"/.test(line)),
  },
  { what: "a key given twice, the first value false", edit: changed(dma, '"', '"seq":0,"') },
  { what: "a space added between two fields", edit: changed(dma, ",", ", ") },
  { what: "the end removed", edit: (all) => all.slice(0, -1) },
  { what: "cut at a line", edit: (all) => all.slice(0, 40) },
  { what: "cut, and ended there", edit: (all) => all.slice(0, 40), redecided: true },
  { what: "model of another name", edit: header('"model":"', '"model":"9.') },
  { what: "an input changed, its facts as they were", edit: changed(dma, /"iova":"0x/, "$&1") },
  {
    what: "an input changed together with its facts",
    edit: changed(dma, /"iova":"0x/, "$&1"),
    redecided: true,
  },
  { what: "an input removed together with its facts", edit: removed(dma), redecided: true },
  { what: "an input doubled together with its facts", edit: doubled(dma), redecided: true },
  { what: "two inputs swapped together with their facts", edit: swapped(write), redecided: true },
  { what: "a note added", edit: (all) => all.toSpliced(1, 0, note), redecided: true },
  { what: "a byte changed that no later fact shows", edit: changed("0x700000", "aa", "bb") },
  { what: "what was observed changed", edit: changed('"observed"', '"gpa":"0x', '"gpa":"0x1') },
  { what: "what was observed removed", edit: changed('"observed"', /,"observed":\{.*?\}/, "") },
  {
    what: "a P2M range elsewhere in the host, its facts as they were",
    edit: header("0x24", "0x34"),
  },
  { what: "the same together with its facts", edit: header("0x24", "0x34"), redecided: true },
  {
    what: "the rights of a P2M range",
    edit: header('"write":true', '"write":false'),
    redecided: true,
  },
  { what: "the page size of a P2M range", edit: header('"2M"', '"4K"'), redecided: true },
  {
    what: "a reserved region added",
    edit: header(
      '"devices":',
      '"rmrr":[{"base":"0x800000","end":"0x800fff","devices":["00:04.0"]}],"devices":',
    ),
    redecided: true,
  },
  { what: "a second guest added", edit: header(/\]\}$/, `,${JSON.stringify(second)}]}`) },
  { what: "the host's address width", edit: header('"haw":40', '"haw":41'), redecided: true },
  { what: "the name of the profile", edit: header('"p2m"', '"profile":"other","p2m"') },
];

/** Runs the program; its exit code, and all that it said. */
async function run(...words: readonly string[]): Promise<{ code: number; said: string }> {
  let said = "";
  const write = (text: string): void => {
    said += text;
  };
  const colours = pc.createColors(false);
  const code = await runProgram(words, { out: write, err: write, colours, drawsProgress: false });
  return { code, said };
}

const textOf = (lines: Lines): string => lines.map((line) => `${line}\n`).join("");

/** Writes a log's inputs with the facts that follow, all of them numbered anew. */
async function decide(lines: Lines, file: string): Promise<void> {
  const inputs = lines.filter((line) => !/"fact"|^\{"end"/.test(line));
  const anew = inputs.map((line, seq) => line.replace(/^\{"seq":\d+/, `{"seq":${seq.toString()}`));
  writeFileSync(`${file}.inputs`, textOf(anew));
  const { code, said } = await run(
    "convert",
    ...["--facts", "decided", `${file}.inputs`, file, "--force"],
  );
  if (code !== 0) throw new Error(said);
}

/** What `verify` says of a log that was edited. */
function verdict(code: number): string {
  return { 0: "not found", 1: "found", 2: "cannot be read" }[code] ?? "nothing to verify";
}

/** The row of one edit. */
async function rowOf(folder: string, lines: Lines, { what, edit, redecided }: Edit) {
  const file = join(folder, "edited.ndjson");
  const all = edit(lines);
  if (all.join("\n") === lines.join("\n")) throw new Error(`${what}: nothing was edited`);
  if (redecided) {
    // What is decided anew is numbered anew.
    const inputs = all.filter((line) => !/"fact"|^\{"end"/.test(line));
    const anew = inputs.map((line, seq) =>
      line.replace(/^\{"seq":\d+/, `{"seq":${seq.toString()}`),
    );
    writeFileSync(`${file}.inputs`, textOf(anew));
    const words = ["--facts", "decided", `${file}.inputs`, file, "--force"];
    const { code, said } = await run("convert", ...words);
    if (code !== 0) throw new Error(`${what}: ${said}`);
  } else writeFileSync(file, textOf(all));
  const verified = await run("verify", file);
  const key = ["--key", join(folder, "key.pub")];
  const checked = await run("check", file, "--seal", join(folder, "seal"), ...key);
  if (checked.code === 0) throw new Error(`${what}: the seal does not show it`);
  const refusal = /refused, ([^:]*):/.exec(checked.said)?.[1] ?? "cannot be read";
  return [what, verdict(verified.code), refusal];
}

const head = ["edit", "`verify`, without a seal", "`check`, with it"] as const;

/** A table of all edits of a log, each tried. */
export async function editTable(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "shadowfold-edits-"));
  try {
    const file = join(folder, "run.ndjson");
    const driver = readFileSync(join("docs", "nesting", "nest-off.ndjson"), "utf8");
    await decide([...driver.trimEnd().split("\n"), unread], file);
    await run("seal", "--generate-key", "example.com/edits", "-o", join(folder, "key"));
    const key = ["--key", join(folder, "key")];
    await run("seal", file, ...key, "--every", "20", "-o", join(folder, "seal"));
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    const rows: string[][] = [];
    for (const edit of edits) rows.push(await rowOf(folder, lines, edit));
    return table(head, rows);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A page with its table of edits anew. */
export async function withEdits(page: string): Promise<string> {
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head[0]} | ${head[1]}`));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return [...lines.slice(0, start), await editTable(), ...lines.slice(end)].join("\n");
}
