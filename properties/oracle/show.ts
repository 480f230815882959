/** One text for equal values: records with the same fields in the same order, words and numbers. */
export function show(value: unknown): string {
  if (typeof value === "bigint") return `${value.toString(16)}n`;
  if (typeof value !== "object" || value === null) return String(value);
  let text = "";
  for (const name in value) {
    const each = (value as Readonly<Record<string, unknown>>)[name];
    if (each !== undefined) text += `${name}:${show(each)},`;
  }
  return `{${text}}`;
}
