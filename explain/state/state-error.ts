/** A text from which no state can be made; one line that says what is missing. */
export class StateError extends Error {}
