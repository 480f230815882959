import { kinds } from "../properties/bugs/historic.ts";
import { historicBugs } from "../properties/bugs/historic-bugs.ts";
import { laws } from "../properties/laws/all.ts";
import { table } from "./table.ts";

const says = new Map(laws.map(({ id, says: sentence }) => [id, sentence]));

/** The laws that catch them, each with its sentence. */
function lawTable(): string {
  const caught = historicBugs.filter(({ example }) => example === undefined);
  const ids = [...new Set(caught.map(({ law }) => law))].sort();
  return table(
    ["law", "what it says"],
    ids.map((id) => [id, says.get(id) ?? ""]),
  );
}

/** One kind of mistakes, with what they have in common. */
function section([kind, what]: readonly [string, string]): string {
  const rows = historicBugs
    .filter((bug) => bug.kind === kind)
    .map(({ id, what: mistake, rule, reference, law, example }) => [
      ...[mistake, rule, reference],
      example === undefined ? law : `example ${example}`,
      `\`${id}\``,
    ]);
  const head = ["the mistake", "the rule", "made, or put right, in", "caught by", "seeded bug"];
  return [`## ${what}`, table(head, rows)].join("\n\n");
}

/** The page of mistakes that were made before. */
export const historicPage = (): string =>
  [
    "# Mistakes that were made before",
    "Derived from `properties/bugs/` by `npm run docs`; change those.",
    "A list for whoever writes or reviews a virtual IOMMU. Each of these mistakes was made in a " +
      "real implementation: an emulated VT-d, an IOMMU of another architecture where VT-d has " +
      "the same rule, or a driver that keeps what an emulation has to keep. A name and a commit " +
      "say where it was put right. Each is planted in the model as a seeded bug, in the form " +
      "that it would take there, and `npm run hunt -- --bug NAME` lets the laws catch it in " +
      "random worlds; a few are caught by an example test alone, whose rule of " +
      "[SPEC.md](../SPEC.md) is named. `shadowfold fuzz` holds an implementation of yours to " +
      "the same rules ([check-your-viommu.md](check-your-viommu.md)).",
    ...Object.entries(kinds).map(section),
    "## The laws",
    lawTable(),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
