import type { LaneKind } from "../protocol.ts";

/** What a canvas is painted with; the style sheet has the same as variables. */
export interface Colours {
  readonly back: string;
  readonly stripe: string;
  readonly rule: string;
  readonly text: string;
  readonly faint: string;
  readonly cursor: string;
  readonly bad: string;
  readonly finding: string;
  readonly arrow: string;
  readonly window: string;
  readonly lanes: Readonly<Record<LaneKind, string>>;
}

const kinds: readonly LaneKind[] = [
  ...(["cpu", "toolstack", "device", "queue", "entries"] as const),
  ...(["shadow", "faults", "interrupts", "pages", "stale"] as const),
];

/** The colours that the style sheet gives a page now. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    back: of("back"),
    stripe: of("stripe"),
    rule: of("rule"),
    text: of("text"),
    faint: of("faint"),
    cursor: of("cursor"),
    bad: of("bad"),
    finding: of("finding"),
    arrow: of("arrow"),
    window: of("window"),
    lanes: Object.fromEntries(kinds.map((kind) => [kind, of(`lane-${kind}`)])) as Colours["lanes"],
  };
}
