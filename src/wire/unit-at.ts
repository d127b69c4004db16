const { charCodeAt } = String.prototype;

/**
 * UTF-16 unit of `text` at `at`, for loops over the characters of texts that come from everywhere. The engine keeps a text in
 * one of a dozen forms (joined, cut out of another, one byte or two a character, …) and looks a method up for each form anew: in
 * such a loop the look-up costs six times as much as all the rest. Here the method is found once.
 */
export function unitAt(text: string, at: number): number {
  return charCodeAt.call(text, at);
}
