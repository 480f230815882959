/** A program that is to be run is missing, cannot be used, misbehaved or died: why, in one line. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
}
