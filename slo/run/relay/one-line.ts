const control = /[\u0000-\u001f\u007f-\u009f]+/g;

/** Makes one line of at most 300 characters of what others said, without control characters. */
export function oneLine(text: string): string {
  return text.replace(control, " ").trim().slice(0, 300);
}
