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
  const failed = message(others);
  others.hidden = true;
  load();
  return h("div", { class: "stack" }, list, failed.root, others);

  async function load() {
    await attempt(async () => {
      const { items } = (await ask("GET", "/sessions")).body;
      fill(list, items.map(item));
      others.hidden = items.length < 2;
    });
  }

  function item(one) {
    const phone = /Mobile|Android|iPhone/.test(one.user_agent ?? "");
    return h("li", { class: "session" }, h("span", { class: "device" }, icon(phone ? "device" : "screen")),
      h("div", { class: "row-text" },
        h("p", { class: "row-label" }, one.device_name ?? said(() => shortAgent(one.user_agent) ?? t("unknown-device")),
          one.current ? h("span", { class: "tag" }, words("this-device")) : null),
        h("p", { class: "row-state" }, said(() => `${one.ip_prefix} · ${t("last-used", { when: ago(one.last_used_at) })}`))),
      one.current ? null : button("end", () => endOne(one), { className: "plain danger", "aria-label": said(() => `${t("end")}: ${one.device_name ?? shortAgent(one.user_agent) ?? t("unknown-device")}`) }));
  }

  async function endOne(one) {
    await attempt(async () => {
      await ask("DELETE", `/sessions/${one.id}`).catch((problem) => {
        // It has ended already.
        if (problem.code !== "not-found") throw problem;
      });
      tell("session-ended");
      await load();
      (list.querySelector("button") ?? list).focus();
    });
  }

  async function endOthers() {
    await attempt(async () => {
      await ask("POST", "/auth/logout", { body: { scope: "others" } });
      tell("others-ended");
      await load();
      list.focus();
    });
  }

  async function attempt(work) {
    try {
      await work();
      failed.clear();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.code === "unauthenticated") end(problem.code);
      failed.show(problem);
    }
  }
}

const shortAgent = (agent) => agent?.replace(/ \(.*/, "").slice(0, 40);
