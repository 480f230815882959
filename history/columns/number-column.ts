/** Numbers of one kind, as an array that grows. */
export type Numbers = Uint8Array | Uint32Array | Float64Array;

type Made = typeof Uint8Array | typeof Uint32Array | typeof Float64Array;

/** Numbers in the order in which they came; read by place, added at the end. */
export interface NumberColumn {
  readonly kind: Made;
  /** Longer than `length`. */
  values: Numbers;
  length: number;
}

const firstRoom = 256;

/** No numbers yet, of what an array of this kind can hold. */
export const newNumbers = (kind: Made): NumberColumn => ({
  kind,
  values: new kind(firstRoom),
  length: 0,
});

/** Adds a number at the end. */
export function addNumber(column: NumberColumn, value: number): void {
  if (column.length === column.values.length) {
    const room = new column.kind(column.length * 2);
    room.set(column.values);
    column.values = room;
  }
  column.values[column.length] = value;
  column.length += 1;
}

/** The number at a place that there is. */
export const numberAt = ({ values }: NumberColumn, place: number): number =>
  values[place] as number;

/** How many of rising numbers are below `limit`. */
export function placeOf({ values, length }: NumberColumn, limit: number): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first `count` numbers, as a column that grows apart. */
export function forkNumbers({ kind, values }: NumberColumn, count: number): NumberColumn {
  const room = new kind(Math.max(firstRoom, count * 2));
  room.set(values.subarray(0, count));
  return { kind, values: room, length: count };
}

/** A column that holds just these numbers. */
export const numbersFrom = (kind: Made, values: Numbers): NumberColumn => ({
  kind,
  values: values.length === 0 ? new kind(firstRoom) : values,
  length: values.length,
});
