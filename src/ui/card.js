// A section of the account.

import { h } from "./element.js";
import { words } from "./words.js";

export function card(heading, ...content) {
  return h("section", { class: `card ${heading}`, "aria-label": words(heading) }, h("h2", {}, words(heading)), ...content);
}

/** A line of a card: what it is, how it stands, and what can be done. */
export function row(label, state, ...actions) {
  return h("div", { class: "row" }, h("div", { class: "row-text" }, h("p", { class: "row-label" }, label), h("p", { class: "row-state" }, state)),
    h("div", { class: "row-actions" }, ...actions));
}
