import type { Command } from "commander";
import { Option } from "commander";
import { auditJson, findingJson } from "../../audit/report/audit-json.ts";
import type { Baseline } from "../../audit/report/baseline.ts";
import { baselineText } from "../../audit/report/baseline.ts";
import type { FileAudit, Threshold } from "../../audit/report/file-audit.ts";
import { failing } from "../../audit/report/file-audit.ts";
import { junitText } from "../../audit/report/junit.ts";
import { sarifText } from "../../audit/report/sarif.ts";
import { severities } from "../../audit/rule.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { parseSeconds } from "../argument.ts";
import type { AuditedFile } from "../audit-file.ts";
import { auditLog, auditTrace } from "../audit-file.ts";
import { readBaseline } from "../baseline-file.ts";
import { followLog } from "../follow-audit.ts";
import type { InputError } from "../input-error.ts";
import { InputError as Refused } from "../input-error.ts";
import { checkTarget, forceOption } from "../part-file.ts";
import { findingLine, renderAudits } from "../render/audit.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";
import { openAny } from "../trace-source.ts";
import { writeWhole } from "../whole-files.ts";

const formats = ["text", "json", "sarif", "junit"] as const;

interface Options {
  readonly format: (typeof formats)[number];
  readonly json?: true;
  readonly output?: string;
  readonly failOn: Threshold;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly force?: true;
  readonly follow?: true;
  readonly for?: number;
  readonly profile?: keyof typeof profiles;
}

/** The report of all files in the form that was asked for. */
function reportText(run: Run, files: readonly AuditedFile[], options: Options): string {
  const audits = files.map(({ audit }) => audit);
  const format = options.json ? "json" : options.format;
  if (format === "json") {
    const objects = audits.map(auditJson);
    return renderJson(objects.length === 1 ? objects[0] : objects);
  }
  if (format === "junit") return junitText(audits, options.failOn);
  if (format === "text") return renderAudits(run.terminal, audits);
  const lineOf = (audit: FileAudit, at: number): number =>
    files.find((one) => one.audit === audit)?.lineOf(at) ?? 1;
  return sarifText(audits, options.baseline !== undefined, lineOf);
}

async function auditFile(
  run: Run,
  file: string,
  baseline: Baseline,
  profile: Profile | undefined,
): Promise<AuditedFile> {
  const source = await openAny(file);
  if (source.kind === "trace") return auditTrace(source, run.terminal, baseline, profile);
  return auditLog(source, run.terminal, baseline);
}

/** Refuses options that do not go together, before anything is read. */
async function checkOptions(run: Run, files: readonly string[], options: Options): Promise<void> {
  const { output, writeBaseline, force, follow } = options;
  if (options.for !== undefined && follow !== true) throw new Refused("--for: goes with --follow");
  if (follow === true) {
    if (files.length !== 1) throw new Refused("--follow: goes with one file");
    const other = options.json ? "json" : options.format;
    if (other !== "text" && other !== "json") throw new Refused(`--follow: not with ${other}`);
    if (output !== undefined) throw new Refused("--follow: not with --output");
  }
  for (const file of [output, writeBaseline]) {
    if (file === undefined) continue;
    for (const from of files) await checkTarget(run.terminal, { file, from, force });
  }
}

/** Tells the findings of a log as they come, in one line each. */
async function follow(run: Run, file: string, options: Options): Promise<AuditedFile> {
  const { terminal } = run;
  const { json, format } = options;
  return followLog(file, terminal, readBaseline(options.baseline), {
    seconds: options.for,
    found: (audit, one) =>
      terminal.out(
        json || format === "json"
          ? `${JSON.stringify(findingJson(audit, one))}\n`
          : findingLine(terminal, audit, one),
      ),
  });
}

/** Says how the run ends, once everything is told. */
function conclude(run: Run, audited: readonly AuditedFile[], options: Options): void {
  for (const { audit, failure } of audited) {
    if (failing(audit, options.failOn).length > 0) run.differ();
    if (audit.isJudged || failure !== undefined) continue;
    run.terminal.err(`${audit.file}: nothing in it could be judged\n`);
    run.learnNothing();
  }
}

async function audit(run: Run, files: readonly string[], options: Options): Promise<void> {
  await checkOptions(run, files, options);
  const baseline = readBaseline(options.baseline);
  const profile = options.profile === undefined ? undefined : profiles[options.profile];
  const audited: AuditedFile[] = [];
  const failures: InputError[] = [];
  for (const file of files) {
    try {
      const one = options.follow
        ? await follow(run, file, options)
        : await auditFile(run, file, baseline, profile);
      audited.push(one);
      if (one.failure !== undefined) failures.push(one.failure);
    } catch (error) {
      failures.push(run.asInputError(error));
    }
  }
  const { output, writeBaseline } = options;
  if (audited.length > 0 && !options.follow) {
    const text = reportText(run, audited, options);
    if (output === undefined || output === "-") run.terminal.out(text);
    else writeWhole(output, text);
  }
  if (writeBaseline !== undefined && failures.length === 0) {
    writeWhole(writeBaseline, baselineText(audited.flatMap((one) => one.audit.findings)));
  }
  for (const failure of failures) run.fail(failure);
  conclude(run, audited, options);
}

/** Adds `audit FILE...`. */
export function addAudit(program: Command, run: Run): void {
  program
    .command("audit")
    .summary("name what a host, a driver or a device did wrong")
    .description(
      "Folds logs or recordings, or reads traces, and names what breaks the rules that hosts, " +
        "drivers of IOMMUs and devices must keep: each with its rule, the events that show it, " +
        "the reason and a remedy; and for how long what was unmapped stayed in reach. Of a " +
        "trace, which has no guest memory, what can be judged is. docs/audit.md lists the " +
        "rules. Exit code 0: no finding of the severity of --fail-on or above; 1: there is one; " +
        "2: a file cannot be read to its end; 3: nothing in it could be judged.",
    )
    .argument("<files...>", "logs, recordings or traces, gzipped or not; - is standard input")
    .addOption(new Option("--format <name>", "form of the report").choices(formats).default("text"))
    .option("--json", "the same as --format json")
    .option("-o, --output <file>", "write the report to this file")
    .addOption(
      new Option("--fail-on <severity>", "end with exit code 1 from this severity on")
        .choices([...severities, "none"])
        .default("warning"),
    )
    .option("--baseline <file>", "accept the findings that this file has; new ones alone count")
    .option("--write-baseline <file>", "write a baseline that accepts today's findings")
    .option(...forceOption)
    .option("--follow", "go on while the log grows, and tell each finding as it comes")
    .addOption(
      new Option("--for <time>", "with --follow: end after this time, like 60s or 5m").argParser(
        parseSeconds,
      ),
    )
    .addOption(
      new Option(
        "--profile <name>",
        "of a trace: hold descriptors against what this unit has",
      ).choices(Object.keys(profiles)),
    )
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold audit recordings/linux-vfio-edu.jsonl.gz" +
        "\n  shadowfold audit run.jsonl --format sarif -o audit.sarif --baseline known.json",
    )
    .action((files: string[], options: Options) => audit(run, files, options));
}
