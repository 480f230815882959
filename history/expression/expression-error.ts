/** An expression that cannot be used: where, counted from 1, and why, in one line. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  readonly position: number;
  readonly reason: string;

  constructor(position: number, reason: string) {
    super(`position ${position.toString()}: ${reason}`);
    this.position = position;
    this.reason = reason;
  }
}
