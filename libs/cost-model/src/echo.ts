const longestEchoedText = 100;

/** A caller's text as an error message shows it: quoted, and cut when it is long. */
export function echoed(text: string): string {
  return JSON.stringify(cut(text));
}

/** A caller's text, cut when it is long. */
export function cut(text: string): string {
  return text.length > longestEchoedText ? `${text.slice(0, longestEchoedText)}…` : text;
}
