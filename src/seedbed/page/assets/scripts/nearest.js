// @ts-check
// The nearest of several words to one that was mistyped.

/**
 * The word with the fewest letters to change, add, leave out or swap; null where none is near.
 *
 * @param {string} word
 * @param {Iterable<string>} words
 * @returns {string | null}
 */
export function nearestOf(word, words) {
  let nearest = null;
  // More than a third of the letters wrong is another word.
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const other of words) {
    const edits = editsBetween(word.toLowerCase(), other.toLowerCase());
    if (edits < least) [nearest, least] = [other, edits];
  }
  return nearest;
}

/** Edits between two words, by Levenshtein's table of which two rows are kept. */
function editsBetween(word, other) {
  let before = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (let row = 1; row <= word.length; row++) {
    const now = [row];
    for (let place = 1; place <= other.length; place++) {
      const change = before[place - 1] + Number(word[row - 1] !== other[place - 1]);
      now.push(Math.min(change, before[place] + 1, now[place - 1] + 1));
    }
    before = now;
  }
  return before[other.length];
}
