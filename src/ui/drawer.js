// Beside the page: every request and answer as it happens. From it one learns the API.

import { fill, h, icon, set } from "./element.js";
import { exchange } from "./exchange.js";
import { button } from "./form.js";
import { all, clear, journal } from "./journal.js";
import { session } from "./session.js";
import { recall, remember } from "./storage.js";
import { t, words, said } from "./words.js";

/** `{ root, toggle }`: the panel, and the button that opens and closes it. */
export function drawer() {
  let whole = false;
  const count = h("span", { class: "count" });
  const list = h("ol", { class: "exchanges" });
  const empty = h("p", { class: "hint empty" }, words("requests-empty"));
  const shown = new Map();

  const toggle = h("button", { type: "button", class: "switch", "aria-controls": "requests", on: { click: () => open(root.hidden) } },
    icon("requests"), h("span", { class: "label" }, words("requests")), count);
  const showWhole = h("input", { type: "checkbox", on: { change: drawAnew } });
  const body = h("div", { class: "drawer-body", tabindex: "0", role: "region", "aria-label": words("requests-list") }, empty, list);
  const root = h("aside", { class: "drawer", id: "requests", "aria-label": words("requests"), on: { keydown(event) {
    if (event.key === "Escape") {
      open(false);
      toggle.focus();
    }
  } } },
    h("div", { class: "drawer-top" }, h("h2", { tabindex: "-1" }, words("requests")),
      button("clear", () => emptied("requests-empty"), { className: "quiet" }),
      h("button", { type: "button", class: "switch round", "aria-label": words("close-requests"), on: { click() {
        open(false);
        toggle.focus();
      } } }, icon("close"))),
    h("p", { class: "hint drawer-lead" }, words("requests-lead")),
    h("label", { class: "check" }, showWhole, h("span", {}, words("show-whole"))),
    body);

  function open(yes) {
    root.hidden = !yes;
    set(toggle, "aria-expanded", String(yes));
    document.documentElement.classList.toggle("drawer-open", yes);
    remember("drawer", yes ? "open" : "closed");
    if (yes) body.scrollTop = body.scrollHeight;
  }

  function drawAnew() {
    whole = showWhole.checked;
    for (const one of shown.values()) one.show(whole);
  }

  /** `why` is a word of the dictionary. */
  function emptied(why) {
    fill(empty, words(why));
    clear();
  }

  function tally() {
    fill(count, all().length ? said(() => t("number", { count: all().length })) : null);
    empty.hidden = all().length > 0;
  }

  journal.addEventListener("begin", ({ detail }) => {
    const atEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 80;
    const one = exchange(detail);
    shown.set(detail.number, one);
    list.append(one.root);
    while (list.children.length > all().length) {
      shown.delete(shown.keys().next().value);
      list.firstElementChild.remove();
    }
    one.show(whole);
    tally();
    if (atEnd) body.scrollTop = body.scrollHeight;
  });
  journal.addEventListener("end", ({ detail }) => {
    const atEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 80;
    shown.get(detail.number)?.show(whole);
    if (atEnd) body.scrollTop = body.scrollHeight;
  });
  journal.addEventListener("clear", () => {
    shown.clear();
    fill(list);
    tally();
  });
  // What one person's requests say is nothing for the next one at this screen.
  session.addEventListener("end", () => {
    emptied("requests-ended");
    showWhole.checked = false;
    drawAnew();
  });
  session.addEventListener("begin", clear);
  open(recall("drawer") === "open");
  tally();
  return { root, toggle };
}
