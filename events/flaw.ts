/** What is wrong with a value, as seen from where it stands; what reads it adds the path. */
export class Flaw extends Error {
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
    this.reason = reason;
  }

  /** The same, seen from the object or the list that the value is part of. */
  within(name: string): Flaw {
    const joint = this.path === "" || this.path.startsWith("[") ? "" : ".";
    return new Flaw(`${name}${joint}${this.path}`, this.reason);
  }
}

/** What is wrong with a value whose reading throws: its own code may do so. */
export const flawOf = (error: unknown): Flaw =>
  error instanceof Flaw ? error : new Flaw("", "cannot be read");
