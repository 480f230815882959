import type { EditAsked } from "../protocol.ts";

function titleOfOne(edit: EditAsked): string {
  switch (edit.kind) {
    case "remove":
      return `input ${edit.at.toString()} had not happened`;
    case "change":
      return `input ${edit.at.toString()} had been another`;
    case "insert":
      return `something had come before input ${edit.before.toString()}`;
    case "unsent":
      return `the invalidation at event ${edit.fact.toString()} had not been sent`;
    case "invalidated":
      return [
        `the guest had invalidated all of ${edit.asked.device}`,
        `after input ${edit.after.toString()}`,
      ].join(" ");
  }
}

/** What some edits ask, as the end of “what if …?”. */
export const titleOf = (edits: readonly EditAsked[]): string =>
  edits.map(titleOfOne).join(", and ").slice(0, 400);
