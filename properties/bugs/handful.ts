/**
 * A handful of many for one day, another one each day: one from each part, so that they come from
 * many places; all in a few days.
 */
export function handfulOf<One>(many: readonly One[], size: number, day: number): readonly One[] {
  const days = Math.ceil(many.length / size);
  return many.filter((_, place) => place % days === day % days);
}

/** The number of this day. */
export const today = (): number => Math.floor(Date.now() / 86_400_000);
