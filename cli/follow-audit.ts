import type { Baseline } from "../audit/report/baseline.ts";
import type { FileAudit, ReportedFinding } from "../audit/report/file-audit.ts";
import type { AuditedFile } from "./audit-file.ts";
import { startLogAudit } from "./audit-file.ts";
import { foldSource } from "./folding.ts";
import { openGrowing } from "./growing-lines.ts";
import { InputError } from "./input-error.ts";
import { beginsWithJson } from "./opened-lines.ts";
import { sourceOf } from "./read.ts";
import type { Terminal } from "./terminal.ts";

/** How a growing log is followed. */
export interface Following {
  /** After how many seconds to end; without it, at the log's end or at Ctrl-C. */
  readonly seconds: number | undefined;
  /** Told each finding once. */
  readonly found: (audit: FileAudit, finding: ReportedFinding) => void;
}

/** Milliseconds between two looks at the file. */
const pause = 200;

/** Tells the findings that have not been told yet. */
function startTelling(found: Following["found"]): (audit: FileAudit) => void {
  const told = new Set<string>();
  return (audit) => {
    for (const one of audit.findings) {
      const key = `${one.fingerprint} ${one.at.toString()}`;
      if (told.has(key)) continue;
      told.add(key);
      found(audit, one);
    }
  };
}

/**
 * Audits a log while another process writes it: to the line that ends it, to Ctrl-C, or for some
 * time.
 *
 * @throws InputError when it cannot be read or is no log or recording.
 */
export async function followLog(
  file: string,
  terminal: Terminal,
  baseline: Baseline,
  { seconds, found }: Following,
): Promise<AuditedFile> {
  if (file === "-") throw new InputError("-: standard input cannot be followed");
  // How far a file is that grows nobody knows, and Ctrl-C is to end it with a report.
  const quiet: Terminal = { ...terminal, drawsProgress: false };
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
  };
  const end = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
  let hasEnded = (): boolean => false;
  let look = (): void => {};
  const goesOn = (): boolean => {
    look();
    return !isStopped && !hasEnded() && performance.now() < end;
  };
  process.on("SIGINT", stop);
  try {
    const opened = await openGrowing(file, { goesOn, pause });
    if (!beginsWithJson(opened)) {
      await opened.close();
      throw new InputError(`${file}: is no log or recording; a trace is read once it is whole`);
    }
    const source = sourceOf(opened);
    const auditing = await startLogAudit(source, baseline);
    const tell = startTelling(found);
    let known = -1;
    hasEnded = source.hasEnded;
    look = () => {
      const audit = auditing.so(false);
      if (audit.length !== known) tell(audit);
      known = audit.length;
    };
    const { failure } = await foldSource(source, quiet, auditing.watcher);
    const audit = auditing.so(true);
    tell(audit);
    return { audit, lineOf: auditing.lineOf, failure };
  } finally {
    process.off("SIGINT", stop);
  }
}
