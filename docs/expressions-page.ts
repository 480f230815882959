import { columnNames } from "../history/columns/event-column.ts";
import { expressionFunctions, expressionNames } from "../history/expression/name.ts";
import { table } from "./table.ts";

const examples: readonly (readonly [text: string, meaning: string])[] = [
  ['fact == "DmaBlocked"', "every DMA that was blocked"],
  ['device == "00:04.0" && iova >= 0x1806000 && iova < 0x1807000', "what a device did to a page"],
  ['pasid == 5 && input in ["Dma", "DmaIssue", "AtsRequest"]', "requests with a PASID"],
  ["writes(0x1f3d000, 8)", "whoever wrote a word of guest memory"],
  ['register == "GCMD" && input == "RegisterWrite"', "global commands"],
  ['reason > 0 && event != "HostEntryChanged"', "faults, by the field that has the reason"],
  ["laws.size() > 0", "where a law did not hold"],
  ['changes("00:04.0", 0x1806000)', "where the translation of a page changed"],
  ['event.startsWith("Shadow") && !(iova < 0x100000)', "changes of shadows above 1 MiB"],
  ["content.size() > 64", "long writes"],
];

const intro = [
  "# Expressions",
  "The tables of names are derived from the declarations in `events/` by `npm run docs`.",
  "An expression says of an event whether it is meant. It is the same wherever events are " +
    "looked for: " +
    "in `shadowfold log --where`, and for whoever continues to an event or searches with " +
    "`history/expression/`. The language is the [Common Expression " +
    "Language](https://cel.dev): comparisons, `&&`, `||`, `!`, `in`, `? :`, arithmetic, " +
    "`startsWith`, " +
    "`endsWith`, `contains`, `matches`, `size`, `exists` and `all` over lists. Strings stand in " +
    "quotes of " +
    "either kind. Numbers are whole; `0x` makes them hexadecimal.",
];

const missing = [
  "## What an event does not have",
  "A field that an event does not have is `null`. `iova == null` is so of an event without an " +
    "address; " +
    "`iova < 0x1000` can be said neither to be so nor not to be, and nor can `!(iova < " +
    "0x1000)`: such an " +
    "event does not fit, unless the other side of `||` makes it fit. What is no expression, " +
    "names what " +
    "there is not, or compares what cannot be compared is refused in one line with the position.",
];

const speed = [
  "## What costs how much",
  `Of every event the fields ${columnNames
    .map((name) => `\`${name}\``)
    .join(", " + "")} are kept in columns, ` +
    "with its name, what it writes, and which laws did not hold. An expression about those " +
    "alone is " +
    "answered from the columns: it passes over whole blocks without such an event, a device or " +
    "a page, and " +
    "over all others at the speed of comparing numbers. Where one asks for another field, the " +
    "columns " +
    "decide as far as they can; the events that are left are folded again from the nearest " +
    "checkpoint.",
];

const where = (events: readonly string[]): string =>
  events.length === 0 ? "all" : events.map((name) => `\`${name}\``).join(", ");

/** The page about the language of expressions. */
export const expressionsPage = (): string =>
  `${[
    ...intro,
    table(["expression", "is so of"], [...examples.map(([text, says]) => [`\`${text}\``, says])]),
    ...missing,
    "## Functions",
    table(
      ["function", "is so if"],
      [...expressionFunctions.map(({ signature, doc }) => [`\`${signature}\``, doc])],
    ),
    ...speed,
    "## Names",
    "Named as in the log ([events.md](events.md)), but for `content`, which is `bytes` there: " +
      "the language " +
      'has a type of that name. Source-ids are text like `"00:04.0"`.',
    table(
      ["name", "type", "values", "events"],
      [
        ...expressionNames.map(({ name, type, form, events }) => [
          `\`${name}\``,
          type,
          form,
          where(events),
        ]),
      ],
    ),
  ].join("\n\n")}\n`;

/** The expressions that the page shows. */
export const shownExpressions: readonly string[] = examples.map(([text]) => text);
