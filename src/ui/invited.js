// The people one has invited, newest first, a page at a time.

import { Problem } from "./api.js";
import { card } from "./card.js";
import { fill, h } from "./element.js";
import { button, message } from "./form.js";
import { ask } from "./session.js";
import { date, phone, said, words } from "./words.js";

const PAGE = 10;

export function invited() {
  const list = h("ul", { class: "list" });
  const state = h("p", { class: "hint" }, words("one-moment"));
  const more = button("more", () => load(), { className: "plain" });
  const failed = message(more);
  let cursor = null;
  more.hidden = true;
  load();
  return card("invited-people", list, state, failed.root, more);

  async function load() {
    try {
      failed.clear();
      const { body } = await ask("GET", `/referral/invited?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
      const items = body.items.map(item);
      list.append(...items);
      // The button may go away; who pressed it reads on with what is new.
      if (cursor) items[0]?.focus();
      cursor = body.next_cursor;
      more.hidden = !cursor;
      fill(state, list.children.length ? null : words("invited-nobody"));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      fill(state);
      more.hidden = false;
      failed.show(problem);
    }
  }
}

const item = ({ phone: number, invited_at: at }) =>
  h("li", { tabindex: "-1" }, h("span", { class: "number" }, said(() => phone(number))), h("time", { datetime: at, class: "hint" }, said(() => date(at))));
