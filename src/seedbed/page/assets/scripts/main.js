// @ts-check
// The page: its document is read, its state is that of the fragment, its parts are put in place.

import { decoded } from "./document.js";
import { mountFooter } from "./shell/footer.js";
import { mountHeader } from "./shell/header.js";
import { mountKeyboard } from "./shell/keyboard.js";
import { mountViews } from "./shell/navigation.js";
import { createPage } from "./shell/page.js";
import { createState } from "./shell/state.js";
import { followTheme } from "./shell/theme.js";
import { VIEWS } from "./views.js";

// A name in the document may be `__proto__`. Where a library has names as keys of plain objects, it is
// to be one as any other.
delete (/** @type {any} */ (Object.prototype).__proto__);
start();

function start() {
  const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const content = JSON.parse(byId("document").textContent ?? "");
  const counts = { jobs: content.jobs.count, configurations: content.configurations.count };
  const state = createState(location.hash, writeFragment, counts);
  const page = createPage(decoded(content), state);
  addEventListener("popstate", () => state.read(location.hash));
  addEventListener("hashchange", () => state.read(location.hash));
  followTheme(state);
  const bar = mountHeader(byId("header"), page);
  const views = VIEWS.filter(({ fits }) => !fits || fits(page.document));
  mountViews(bar, byId("page"), page, views);
  mountFooter(byId("footer"), page);
  mountKeyboard(page, views);
  document.documentElement.dataset.ready = "true";
  performance.mark("ready");
}

/** Keep the state in the address; only another view is a step that the Back button takes back. */
function writeFragment(fragment, isOtherView) {
  const address = location.href.split("#")[0] + (fragment ? `#${fragment}` : "");
  try {
    if (isOtherView) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  } catch {
    // A page without an address of its own, as in a frame: then the state lives here alone.
  }
}
