const controls = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * Text with its control characters written out, so that it cannot steer a terminal, or turn what
 * stands beside it.
 */
export const printable = (text: string): string =>
  text.replaceAll(controls, (of) => `\\u${of.charCodeAt(0).toString(16).padStart(4, "0")}`);
