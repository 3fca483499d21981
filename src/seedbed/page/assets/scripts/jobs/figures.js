// @ts-check
// Pictures of jobs: one after another, or side by side; a click shows one as large as it is.

import { element } from "../elements.js";
import { shownText } from "../formats.js";
import { dialogOf } from "../shell/dialogs.js";

/** @typedef {{ job: number | null, name: string, title: string, source: string }} Figure */

// The page's policy forbids pictures from elsewhere; what is none is not tried at all.
const PICTURE = /^data:image\/png;base64,[A-Za-z0-9+/]+=*$/;

/**
 * The pictures of a job.
 *
 * @param {Figure[]} figures of the document
 * @param {number} job
 */
export function figuresOf(figures, job) {
  return figures.filter((figure) => figure.job === job);
}

/**
 * Pictures of entries side by side: a row for each name, a column for each entry.
 *
 * @param {Figure[]} figures of the document
 * @param {{ jobs: number[] }[]} entries
 * @returns {{ name: string, of: (Figure | null)[] }[]} an entry of several jobs has the first one's
 */
export function figureRows(figures, entries) {
  const own = entries.map(({ jobs }) => {
    const among = new Set(jobs);
    return figures.filter(({ job }) => job !== null && among.has(job));
  });
  const names = [...new Set(own.flat().map(({ name }) => name))];
  const firstOf = (list, name) => list.find((figure) => figure.name === name) ?? null;
  return names.map((name) => ({ name, of: own.map((list) => firstOf(list, name)) }));
}

/**
 * A picture with its title below it.
 *
 * @param {Figure} figure
 * @param {string} of whose it is, for screen readers and below
 */
export function pictureOf(figure, of) {
  const title = shownText(figure.title || figure.name);
  const caption = element("figcaption", {}, of ? `${title}, ${of}` : title);
  if (!PICTURE.test(figure.source)) return element("figure", {}, caption, " is not a picture");
  const image = () =>
    element("img", { src: figure.source, alt: `${title}, ${of}`, loading: "lazy" });
  const large = element(
    "button",
    { type: "button", class: "picture", "aria-label": `Enlarge ${title}` },
    image(),
  );
  large.addEventListener("click", () => {
    const dialog = dialogOf(title, image());
    dialog.classList.add("wide");
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
  return element("figure", {}, large, caption);
}
