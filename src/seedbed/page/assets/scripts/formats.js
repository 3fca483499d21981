// @ts-check
// Numbers, times and cells as text, as the command line prints them.

/** @typedef {number | string | boolean | null | undefined} Cell */

// Signs that are not seen or change how others are seen: controls, formats, separators, unassigned.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;
const NOT_FINITE = { nan: NaN, inf: Infinity, "-inf": -Infinity };

/**
 * A text with a code in the place of each sign that is not seen, as `\x1b` and `\u202e`.
 *
 * @param {string} text
 * @param {boolean} lines whether line ends and tabs stay, as in a traceback
 */
export function shownText(text, lines = false) {
  return String(text).replace(UNSEEN, (sign) => {
    if (lines && (sign === "\n" || sign === "\t")) return sign;
    const code = /** @type {number} */ (sign.codePointAt(0)).toString(16);
    if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
}

/**
 * A text as HTML that shows it, for libraries that want HTML.
 *
 * @param {Cell} text
 */
export function escapedHtml(text) {
  const codes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return shownText(String(text)).replace(/[&<>"']/g, (sign) => codes[sign]);
}

/**
 * A number as text: six significant digits as `report` prints them, whole numbers in full.
 *
 * @param {number} value
 */
export function numberText(value) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return String(value === 0 ? 0 : value);
  if (size >= 1e-4 && size < 999999.5) return String(Number(value.toPrecision(6)));
  const [digits, exponent] = value.toExponential(5).split("e");
  return `${Number(digits)}e${exponent.replace("+", "")}`;
}

/**
 * Any cell of the document as text.
 *
 * @param {any} value
 */
export function cellText(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return numberText(value);
  if (typeof value === "object") return shownText(JSON.stringify(value));
  return shownText(String(value));
}

/**
 * A setting as text, without the quotes that a command line needs; empty where it is not set.
 *
 * @param {any} value
 */
export function settingCellText(value) {
  const text = cellText(value);
  if (text === "null") return "";
  const quoted = /^(['"])([^\\]*)\1$/.exec(text);
  return quoted && !quoted[2].includes(quoted[1]) ? quoted[2] : text;
}

/**
 * The number that a cell of a numeric column stands for; null where it has none.
 *
 * @param {Cell} value
 * @returns {number | null}
 */
export function cellNumber(value) {
  if (typeof value === "number") return value;
  if (typeof value === "string" && Object.hasOwn(NOT_FINITE, value)) return NOT_FINITE[value];
  return null;
}

/**
 * A duration as text: `0.52 s`, `3 min 20 s`, `2 h 5 min`.
 *
 * @param {number} seconds
 */
export function secondsText(seconds) {
  if (seconds < 59.95) return `${Number(seconds.toPrecision(seconds < 10 ? 2 : 3))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * A count with its noun: `1 job`, `1,000 jobs`.
 *
 * @param {number} count
 * @param {string} noun
 * @param {string} plural
 */
export function countText(count, noun, plural = `${noun}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : plural}`;
}

/**
 * A number in few digits, for where the whole one can be had, too.
 *
 * @param {number} value
 * @param {number} digits significant ones; whole numbers are shown in full
 */
export function shortText(value, digits = 4) {
  if (!Number.isFinite(value) || Number.isInteger(value)) return numberText(value);
  return numberText(Number(value.toPrecision(digits)));
}

/**
 * A mean with its standard deviation: `0.1003 ± 0.0036`, both to the second digit of the deviation.
 *
 * @param {number} mean
 * @param {number} deviation NaN: there is none
 */
export function spreadText(mean, deviation) {
  if (!Number.isFinite(mean)) return "";
  if (Number.isNaN(deviation)) return shortText(mean);
  // Less is what adding up has rounded.
  if (deviation < 1e-12 * Math.abs(mean)) return `${shortText(mean)} ± 0`;
  if (!(deviation > 0 && Number.isFinite(deviation)))
    return `${shortText(mean)} ± ${numberText(deviation)}`;
  const decimals = Math.max(1 - Math.floor(Math.log10(deviation)), 0);
  if (decimals <= 7 && Math.abs(mean) < 1e7)
    return `${mean.toFixed(decimals)} ± ${deviation.toFixed(decimals)}`;
  const digits = Math.max(Math.floor(Math.log10(Math.abs(mean) || deviation)) + decimals, 0);
  return `${mean.toExponential(Math.min(digits, 8))} ± ${deviation.toExponential(1)}`;
}

/**
 * A share as text: `0.98 %`.
 *
 * @param {number} share
 */
export function percentText(share) {
  return `${shortText(Number((100 * share).toPrecision(2)))} %`;
}

/**
 * Words as a list: `a, b and c`; of more than `most` the first ones, and how many others.
 *
 * @param {string[]} words
 * @param {number} most
 */
export function listText(words, most = 5) {
  const shown =
    words.length > most ? [...words.slice(0, most), `${words.length - most} more`] : words;
  if (shown.length < 2) return shown.join("");
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/**
 * A time as text, without its parts of a second: `2026-11-26 12:00:00 UTC`.
 *
 * @param {string | null} time as ISO 8601
 */
export function timeText(time) {
  const parts = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?$/.exec(
    time ?? "",
  );
  if (!parts) return cellText(time);
  const zone = parts[3] === "Z" || parts[3] === "+00:00" ? " UTC" : parts[3] ? ` ${parts[3]}` : "";
  return `${parts[1]} ${parts[2]}${zone}`;
}
