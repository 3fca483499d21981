// @ts-check
// State of the page: what is shown and how, in one plain object. It is kept in the fragment of the
// address, so that a view can be sent, found again and left by the Back button.

/**
 * What the page begins with. A key that differs stands in the fragment; a value there counts only if
 * it is of the same type. Keys whose default is null hold what the comment says.
 */
export const DEFAULTS = Object.freeze({
  // Which view is shown.
  view: /** @type {string} */ ("summary"),
  // Expression that jobs must fulfil to be shown.
  filter: "",
  // Metric without its epoch, "val/loss"; null: the first objective.
  metric: /** @type {string | null} */ (null),
  // Epoch whose value counts, "best" or "last"; null: as the sweep ranks.
  epoch: /** @type {string | null} */ (null),
  // Columns by which the table is sorted, with "asc" or "desc"; null: by the metric, the best first.
  sort: /** @type {[string, string] | null} */ (null),
  // Columns of the table; null: those that it chooses itself.
  columns: /** @type {string[] | null} */ (null),
  // Rows of the table: "configurations", or "jobs" one by one.
  rows: /** @type {string} */ ("configurations"),
  // Configurations of the table that are opened to their jobs.
  open: /** @type {number[]} */ ([]),
  // Configuration that is pinned on top, and that the others are compared with.
  baseline: /** @type {number | null} */ (null),
  // Jobs that are compared.
  selected: /** @type {number[]} */ ([]),
  // What is compared: each "job" that is selected, or each "configuration" of theirs.
  compareBy: /** @type {string} */ ("job"),
  // Job that is shown alone.
  job: /** @type {number | null} */ (null),
  // Column that curves are grouped by; null: the configuration.
  groupBy: /** @type {string | null} */ (null),
  // Whether an axis is logarithmic; null: as the data ask for.
  logX: /** @type {boolean | null} */ (null),
  logY: /** @type {boolean | null} */ (null),
  // What is chosen above each plot; what is left out there is chosen from the data.
  curves: /** @type {Record<string, any>} */ ({}),
  keyPlot: /** @type {Record<string, any>} */ ({}),
  heatMap: /** @type {Record<string, any>} */ ({}),
  parallel: /** @type {Record<string, any>} */ ({}),
  progress: /** @type {Record<string, any>} */ ({}),
  front: /** @type {Record<string, any>} */ ({}),
  // "light" or "dark"; null: as the system has it.
  theme: /** @type {string | null} */ (null),
});

const UNBOUNDED = { jobs: Infinity, configurations: Infinity };

/** @typedef {typeof DEFAULTS & Record<string, any>} Values */
/**
 * @typedef {object} State
 * @property {Values} values
 * @property {(changes: Partial<Values>) => void} update takes values, and tells who listens
 * @property {(...names: string[]) => void} notify tells who listens without a change of values
 * @property {(fragment: string) => void} read takes the values of a fragment
 * @property {(listener: (changed: Set<string>) => void) => () => void} subscribe gives a function
 *   that ends it
 */

/**
 * State that begins with what a fragment says; `write` gets the fragment of each later one.
 *
 * @param {string} fragment with or without its `#`
 * @param {(fragment: string, isOtherView: boolean) => void} write
 * @param {{ jobs: number, configurations: number }} counts of the document
 * @returns {State}
 */
export function createState(fragment, write = () => {}, counts = UNBOUNDED) {
  /** @type {Set<(changed: Set<string>) => void>} */
  const listeners = new Set();
  const state = {
    values: /** @type {any} */ (withKnownPlaces(valuesOf(fragment), counts)),
    update(changes) {
      const changed = assign(changes);
      if (changed.size) write(fragmentOf(state.values), changed.has("view"));
      tell(changed);
    },
    notify(...names) {
      tell(new Set(names));
    },
    read(fragment) {
      tell(assign(withKnownPlaces(valuesOf(fragment), counts)));
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return state;

  /** Take these values; which of them are others than before? */
  function assign(changes) {
    const isOther = ([name, value]) => JSON.stringify(value) !== JSON.stringify(state.values[name]);
    const others = Object.entries(changes).filter(isOther);
    state.values = { ...state.values, ...Object.fromEntries(others) };
    return new Set(others.map(([name]) => name));
  }

  function tell(changed) {
    if (changed.size) for (const listener of [...listeners]) listener(changed);
  }
}

/**
 * The fragment of a state: what differs from the defaults, as a form's fields.
 *
 * @param {Values} values
 */
export function fragmentOf(values) {
  const fields = new URLSearchParams();
  for (const [name, initial] of Object.entries(DEFAULTS)) {
    const value = values[name];
    if (JSON.stringify(value) !== JSON.stringify(initial))
      fields.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return fields.toString();
}

/**
 * The values of a fragment, which anybody may have written: unknown names and wrong types are left
 * out.
 *
 * @param {string} fragment
 * @returns {Values}
 */
export function valuesOf(fragment) {
  const values = { ...DEFAULTS };
  for (const [name, text] of new URLSearchParams(fragment.replace(/^#/, ""))) {
    if (!Object.hasOwn(DEFAULTS, name)) continue;
    const value = valueOf(name, text);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

/**
 * The values without places of jobs and configurations that the document does not have: a fragment
 * may be that of another page.
 *
 * @param {Values} values
 * @param {{ jobs: number, configurations: number }} counts
 * @returns {Values}
 */
export function withKnownPlaces(values, { jobs, configurations }) {
  const isBelow = (count) => (place) => Number.isInteger(place) && place >= 0 && place < count;
  const known = (places, count) => [...new Set(places)].filter(isBelow(count));
  const orNull = (place, count) => (isBelow(count)(place) ? place : null);
  return {
    ...values,
    selected: known(values.selected, jobs),
    open: known(values.open, configurations),
    job: orNull(values.job, jobs),
    baseline: orNull(values.baseline, configurations),
  };
}

// Types of the keys whose default is null, and of the members of lists.
const TYPES = {
  metric: "string",
  epoch: "string",
  sort: "string list",
  columns: "string list",
  open: "number list",
  baseline: "number",
  selected: "number list",
  job: "number",
  groupBy: "string",
  logX: "boolean",
  logY: "boolean",
  theme: "string",
};

/** The value that a text gives a key; undefined where it is of another type. */
function valueOf(name, text) {
  const [type, isList] = (TYPES[name] ?? typeof DEFAULTS[name]).split(" ");
  if (type === "string" && !isList) return text;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fits = (member) => typeof member === type && member !== null;
  return (isList ? Array.isArray(value) && value.every(fits) : fits(value)) ? value : undefined;
}
