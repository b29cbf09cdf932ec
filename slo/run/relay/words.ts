const control = /[\u0000-\u001f\u007f-\u009f]+/g;

/** Makes one line of at most 300 characters of what others said, without control characters. */
export function oneLine(text: string): string {
  return text.replace(control, " ").trim().slice(0, 300);
}

/** Gives an error's words; where an address has several, as localhost has, the first of theirs. */
export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
