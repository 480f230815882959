import type { Rule } from "../audit/rule.ts";
import { ruleIds, rules } from "../audit/rule.ts";
import type { RealBug } from "../audit/test/real-bugs.ts";
import { realBugs } from "../audit/test/real-bugs.ts";
import { table } from "./table.ts";

const people: Readonly<Record<Rule["whose"], string>> = {
  host: "the host",
  driver: "the guest's driver",
  device: "a device",
};

const sources: Readonly<Record<Rule["from"], string>> = {
  log: "logs",
  trace: "traces",
  both: "logs, traces",
};

const intro = [
  "# Audit",
  "Derived from the rules in `audit/rule.ts` by `npm run docs`.",
  "`shadowfold audit FILE…` folds logs or recordings, or reads traces of QEMU and Linux, " +
    "and names what breaks the rules that hosts, drivers of IOMMUs and devices must keep: " +
    "each with its rule, the events that show it, the reason, a remedy, and the command that " +
    "opens that moment.",
  "```\n" +
    "npx shadowfold audit recordings/linux-vfio-edu.jsonl.gz\n" +
    "npx shadowfold audit run.jsonl --format sarif -o audit.sarif\n" +
    "npx shadowfold audit run.jsonl --write-baseline known.json\n" +
    "npx shadowfold audit run.jsonl --baseline known.json --fail-on error\n" +
    "npx shadowfold audit growing.jsonl --follow --for 10m\n" +
    "```",
];

const severity = [
  "## Severity, baselines, exit codes",
  "An error is a mistake whatever happened next. A warning is what may be meant, and " +
    "mostly is not. An info is a remark. A run ends with exit code 1 where a finding is as " +
    "bad as `--fail-on` says (`warning` when missing; `none` for never), with 0 otherwise, " +
    "with 2 where a file cannot be read to its end, and with 3 where nothing in a file could " +
    "be judged.",
  "A baseline accepts the findings that it has, so that new ones alone count. It knows a " +
    "finding by its rule, guest, device, domain and first address, not by numbers of events, " +
    "and how many of each there are.",
  "`--format json` gives all that is known; `sarif` is SARIF 2.1.0, with the line of the " +
    "log that has the event; `junit` has a suite a file and a test a rule. `--follow` goes " +
    "on while the log grows and tells each finding in one line as soon as it is certain.",
];

const judging = [
  "## How a change is judged",
  "The fold marks each change of an entry that the unit reads, until an invalidation " +
    "covers it. A request that meets a mark, and goes elsewhere than the tables as they are " +
    "would lead it, was misled: memory was reached that is no longer the device's, or not " +
    "reached though mapped. The audit then says which invalidation was to announce the " +
    "change: the one that announced its neighbours and left it out, or one that announced " +
    "nothing at all and covers the page in another domain, with another PASID, or the pages " +
    "beside it.",
  "What nobody used is named as well where the driver has gone on: an unmapping after " +
    "which a wait completed, or eight invalidations of other pages, in a log whose driver " +
    "announces nine of ten changes at once. A driver with a flush queue is not blamed for a " +
    "flush that is still to come. A new mapping may be announced any time before it is used.",
  "`Stale` counts, for changes of what was mapped, the events from the change to the " +
    "invalidation that announced it, by domain and device, and the requests that used it " +
    "meanwhile. In a recording that was made by stops of the guest, writes stand just before " +
    "the invalidation that follows them, so that the real times are longer.",
  "Facts that a log has are the host's own word: where they say that a request reached " +
    "host memory which the P2M does not grant, the host is named, whatever the model " +
    "decides.",
  "A trace has no memory. What it shows is judged by the same rules as far as it goes; " +
    "what it cannot show is counted, and so is what it ends too early for " +
    "([traces.md](traces.md)).",
];

const bugRow = ({ of, fixedBy, does, rule }: RealBug): readonly string[] => [
  of,
  fixedBy,
  does,
  `\`${rule}\``,
];

const ruleSection = (id: (typeof ruleIds)[number]): readonly string[] => {
  const { what, why, remedy, severity: level, whose, from } = rules[id];
  return [
    `### ${id}`,
    `${what.charAt(0).toUpperCase()}${what.slice(1)}. (${level}; of ${people[whose]}; ` +
      `in ${sources[from]})`,
    why,
    `Remedy: ${remedy}`,
  ];
};

/** docs/audit.md: what the audit does, and each of its rules. */
export const auditPage = (): string => {
  const rows = ruleIds.map((id) => {
    const { severity: level, whose, what, from } = rules[id];
    return [`[\`${id}\`](#${id})`, level, people[whose], sources[from], what];
  });
  const parts = [
    ...intro,
    ...severity,
    ...judging,
    "## Rules",
    table(["rule", "severity", "of", "in", "what is found"], rows),
    ...ruleIds.flatMap(ruleSection),
    "## Bugs that drivers had",
    "Mistakes that were made and put right, each as a log made by hand: it is named by the rule, " +
      "and the log of the repaired driver is not named.",
    table(["in", "put right by", "a driver that", "rule"], realBugs.map(bugRow)),
  ];
  return `${parts.map((part) => part.trimEnd()).join("\n\n")}\n`;
};
