// Where one is logged in.

import { Problem } from "./api.js";
import { fill, h, icon } from "./element.js";
import { button, message } from "./form.js";
import { ask, end } from "./session.js";
import { tell } from "./surface.js";
import { ago, said, t, words } from "./words.js";

export function sessions() {
  const list = h("ul", { class: "list", tabindex: "-1" }, h("li", {}, h("span", { class: "skeleton" })));
  const others = button("end-others", endOthers, { className: "plain danger" });
  const othersFailed = message(others);
  const retry = button("try-again", load, { className: "plain" });
  const failed = message(retry);
  others.hidden = true;
  retry.hidden = true;
  load();
  return h("div", { class: "stack" }, list, failed.root, retry, othersFailed.root, others);

  async function load() {
    const done = await attempt(failed, async () => {
      const { items } = (await ask("GET", "/sessions")).body;
      const retried = document.activeElement === retry;
      fill(list, items.map(item));
      others.hidden = items.length < 2;
      if (retried) list.focus();
    });
    retry.hidden = done;
    if (done) return;
    fill(list);
    others.hidden = true;
  }

  function item(one) {
    const phone = /Mobile|Android|iPhone/.test(one.user_agent ?? "");
    const name = () => one.device_name ?? shortAgent(one.user_agent) ?? t("unknown-device");
    const ending = one.current ? null : button("end", () => endOne(one, endingFailed), { className: "plain danger", "aria-label": said(() => `${t("end")}: ${name()}`) });
    const endingFailed = message(ending);
    return h("li", { class: "session" }, h("span", { class: "device" }, icon(phone ? "device" : "screen")),
      h("div", { class: "row-text" },
        h("p", { class: "row-label" }, said(name), one.current ? h("span", { class: "tag" }, words("this-device")) : null),
        h("p", { class: "row-state" }, said(() => `${one.ip_prefix} · ${t("last-used", { when: ago(one.last_used_at) })}`)), endingFailed.root),
      ending);
  }

  /** The button that was pressed has gone: reads on with the next, or with what can be done instead. */
  async function again() {
    await load();
    (retry.hidden ? list.querySelector("button") ?? list : retry).focus();
  }

  async function endOne(one, where) {
    await attempt(where, async () => {
      await ask("DELETE", `/sessions/${one.id}`).catch((problem) => {
        // It has ended already.
        if (problem.code !== "not-found") throw problem;
      });
      tell("session-ended");
      await again();
    });
  }

  async function endOthers() {
    await attempt(othersFailed, async () => {
      await ask("POST", "/auth/logout", { body: { scope: "others" } });
      tell("others-ended");
      await again();
    });
  }
}

/** Does `work` and answers whether that went well; else it is said `where` the button is that asked for it. */
async function attempt(where, work) {
  try {
    await work();
    where.clear();
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.code === "unauthenticated") end(problem.code);
    where.show(problem);
    return false;
  }
}

const shortAgent = (agent) => agent?.replace(/ \(.*/, "").slice(0, 40);
