import { readdirSync } from "node:fs";
import { knownDeviations } from "../qemu/deviation/known.ts";
import { table } from "./table.ts";

const folder = new URL("../qemu/deviation/scripts/", import.meta.url);

/** Scripts of a deviation, by the version that they were recorded with, as links. */
function scriptsOf(id: string, files: readonly string[]): string {
  const own = files.filter((file) => file.startsWith(`${id}@`)).sort();
  return own
    .map((file) => {
      const version = file.slice(id.length + 1, -".qtest".length);
      return `[${version}](../qemu/deviation/scripts/${file})`;
    })
    .join(", ");
}

/** The page of QEMU's deviations. */
export function deviationPage(): string {
  const files = readdirSync(folder);
  const rows = knownDeviations.map(({ id, does, rule, when, how, seen, source }) => {
    const says = source === undefined ? "–" : source.isOpen ? `open: ${source.says}` : source.says;
    return [`\`${id}\``, does, rule, says, when, how, seen.join(", "), scriptsOf(id, files)];
  });
  return [
    "# Deviations of QEMU",
    "Derived from `qemu/deviation/known.ts` and the scripts beside it by `npm run docs`; change " +
      "those.",
    "Each was found by `shadowfold fuzz` ([qemu.md](qemu.md)). Where it meets one it counts it, " +
      "and goes on as if QEMU were right (*goes on*), ends that program (*ends*), or changes an " +
      "operation before it is sent so that the situation does not arise (*avoids*). *Seen in* " +
      "says which of QEMU 7.2.22, 10.0 and 11.1.3 have it; a version between two of them is " +
      "taken to have what either has. *Source* is what was looked up for the rule beside the " +
      "model; where it is *open*, sources allow what QEMU does as well, so that the rule is " +
      "the model's choice (docs/readings.md has those) and no mistake of QEMU's. `shadowfold " +
      "fuzz --script FILE` plays a script against QEMU alone.",
    table(
      [
        ...["deviation", "what QEMU does", "the rule", "source", "passed by when", "then"],
        ...["seen in", "script"],
      ],
      rows,
    ),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}
