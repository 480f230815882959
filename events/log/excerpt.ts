const longest = 80;

/** The beginning of a text that an error repeats: at most 80 characters. */
export const shortened = (text: string): string =>
  text.length > longest ? `${text.slice(0, longest - 3)}...` : text;

/** A value of a line as JSON, for an error: at most 80 characters. */
export const quoted = (value: unknown): string => shortened(JSON.stringify(value) ?? "nothing");
