import type { Piece } from "../protocol.ts";
import { select } from "./moves.ts";

/** A number of an event that leads to it. */
export function EventLink({ seq, text }: { seq: number; text?: string }) {
  return (
    <button type="button" class="event-link" onClick={() => select(seq, "zoom")}>
      {text ?? `event ${seq.toString()}`}
    </button>
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
