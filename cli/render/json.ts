/** The JSON text of a value, a line end after it; bigints as `"0x…"`, `undefined` left out. */
export function renderJson(value: unknown): string {
  const plain = (_name: string, item: unknown): unknown =>
    typeof item === "bigint" ? `0x${item.toString(16)}` : item;
  return `${JSON.stringify(value, plain, 2)}\n`;
}
