// @ts-check
// Tabs of the views: one is shown; each is filled when it is shown for the first time.

import { element } from "../elements.js";

/**
 * Put tabs into one element, views into another.
 *
 * @param {HTMLElement} bar
 * @param {HTMLElement} main
 * @param {import("./page.js").Page} page
 * @param {{ key: string, title: string, panels: Function[] }[]} views
 */
export function mountViews(bar, main, page, views) {
  const { state } = page;
  const sections = views.map(({ key, title }) =>
    element("section", {
      id: `view-${key}`,
      "data-view": key,
      role: "tabpanel",
      "aria-labelledby": `tab-${key}`,
      "aria-label": title,
      hidden: true,
    }),
  );
  const tabs = views.map(({ key, title }) =>
    element(
      "button",
      {
        id: `tab-${key}`,
        type: "button",
        role: "tab",
        "aria-controls": `view-${key}`,
        onclick: () => state.update({ view: key }),
      },
      title,
    ),
  );
  const list = element("div", { role: "tablist", "aria-label": "Views", onkeydown: step }, tabs);
  bar.append(list);
  main.append(...sections);
  state.subscribe((changed) => {
    if (changed.has("view")) show();
    if (changed.has("selected")) count();
  });
  show();
  count();

  function shown() {
    return Math.max(
      views.findIndex(({ key }) => key === state.values.view),
      0,
    );
  }

  function show() {
    const current = shown();
    tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === current));
      tab.tabIndex = place === current ? 0 : -1;
      sections[place].hidden = place !== current;
    });
    const section = sections[current];
    if (section.childElementCount) return;
    for (const mount of views[current].panels) {
      const panel = element("div", { class: "panel" });
      section.append(panel);
      mount(panel, page);
    }
    // Headings are by what one goes through a page with a screen reader.
    if (!section.querySelector("h2"))
      section.prepend(element("h2", { class: "offscreen" }, views[current].title));
  }

  /** How many jobs are compared stands in the tab. */
  function count() {
    const place = views.findIndex(({ key }) => key === "compare");
    const jobs = state.values.selected.length;
    if (place >= 0) tabs[place].textContent = views[place].title + (jobs ? ` (${jobs})` : "");
  }

  /** @param {KeyboardEvent} event */
  function step(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    if (!Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    const next = shown() + steps[event.key];
    const place = Number.isFinite(next)
      ? (next + tabs.length) % tabs.length
      : next < 0
        ? 0
        : tabs.length - 1;
    state.update({ view: views[place].key });
    tabs[place].focus();
  }
}
