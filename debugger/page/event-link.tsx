import type { ComponentChildren } from "preact";
import type { Piece } from "../protocol.ts";
import { formatLink } from "./moment-link.ts";
import * as moves from "./moves.ts";
import * as store from "./store.ts";

/** A link to an event: a click goes there, anything else is the browser's own. */
export function EventAnchor({
  seq,
  children,
  go = () => moves.select(seq, "zoom"),
  ...rest
}: {
  seq: number;
  children: ComponentChildren;
  go?: () => void;
  class?: string;
  title?: string;
  tabIndex?: number;
  "aria-current"?: "true" | undefined;
  "aria-label"?: string;
  style?: Readonly<Record<string, string>>;
}) {
  const onClick = (event: MouseEvent): void => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go();
  };
  return (
    <a href={formatLink({ at: seq, tab: store.tab.value })} onClick={onClick} {...rest}>
      {children}
    </a>
  );
}

/** A number of an event that leads to it. */
export function EventLink({ seq, text }: { seq: number; text?: string }) {
  return (
    <EventAnchor seq={seq} class="event-link">
      {text ?? `event ${seq.toString()}`}
    </EventAnchor>
  );
}

/** A sentence whose numbers lead to their events. */
export function Sentence({ pieces }: { pieces: readonly Piece[] }) {
  return (
    <>
      {pieces.map(({ text, seq }, index) =>
        seq === undefined ? (
          <span key={index}>{text}</span>
        ) : (
          <EventLink key={index} seq={seq} text={text} />
        ),
      )}
    </>
  );
}
