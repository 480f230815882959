/** Whether it is an object literal or a list: what is of a class has its own ways. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

/**
 * A value that nobody can change any more, nor anything that it is made of: for constants that many
 * have, and for what modules export. What is frozen already is taken to be so all the way down;
 * functions, and objects of a class, stay as they are.
 */
export function frozen<const T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (!isPlain(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const item of Object.values(value)) frozen(item);
  return value;
}
