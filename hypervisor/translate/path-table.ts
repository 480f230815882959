/** Tables that a walk reads. */
export type PathTable =
  | "root"
  | "context"
  | "PASID directory"
  | "PASID entry"
  | "first stage"
  | "second stage";
