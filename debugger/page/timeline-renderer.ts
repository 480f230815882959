import type { EventRow, Lane, Link, Overview } from "../protocol.ts";
import type { Window } from "./window.ts";

/** Everything that a picture of a run shows. */
export interface TimelinePicture {
  readonly lanes: readonly Lane[];
  readonly window: Window;
  /** What is known of the stretch, or of one near it: it is drawn where it belongs. */
  readonly overview: Overview | undefined;
  /** The events of the stretch, where they have room for their names. */
  readonly rows: readonly EventRow[];
  readonly links: readonly Link[];
  /** The lane of each event of a link. */
  readonly laneOf: ReadonlyMap<number, number>;
  readonly at: number;
  readonly bookmarks: readonly number[];
}

/** Who draws a run; another one may draw it by other means. */
export interface TimelineRenderer {
  readonly draw: (picture: TimelinePicture) => void;
  /** Its size in pixels of the page, after it has changed. */
  readonly resize: (width: number, height: number) => void;
}

export const laneHeight = 22;
export const axisHeight = 20;

/** The pixel of the left edge of a place. */
export const pixelOf = ({ from, to }: Window, width: number, place: number): number =>
  ((place - from) / (to - from)) * width;

/** The place at a pixel. */
export const placeAt = ({ from, to }: Window, width: number, pixel: number): number =>
  from + (pixel / width) * (to - from);
