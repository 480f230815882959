/** Pages from `first` up to `end`, the last not included. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** Every page of any tree. */
export const everyPage: Range = { first: 0, end: Number.MAX_SAFE_INTEGER };
