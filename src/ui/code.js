// The second view: the code, and the PIN of those who have one.

import { Problem } from "./api.js";
import { codeForm } from "./code-form.js";
import { h, icon } from "./element.js";
import { button, field, form, owner } from "./form.js";
import { logIn, requestCode } from "./session.js";
import { phone as written, said, t, words } from "./words.js";

/** Problems after which the code, not the PIN, is what has to be done again. */
const OF_THE_CODE = ["invalid-challenge", "invalid-code", "code-upgraded"];

/** `attempt` is what the first view sent; `inbox` shows the simulated message. */
export function code({ attempt, inbox, onBack, onLoggedIn }) {
  const title = h("h1", { tabindex: "-1" }, words("enter-code"));
  const lead = h("p", { class: "lead" }, said(() => t("code-sent-to", { phone: written(attempt.request.phone) })));
  const back = button("change-number", () => onBack(entry.isOver()), { className: "quiet start back", icon: icon("back") });
  const root = h("div", { class: "card entry" });

  const entry = codeForm({
    challenge: aged(attempt),
    send: async () => {
      attempt.asked = Date.now();
      attempt.challenge = await requestCode(attempt.request);
      attempt.at = Date.now();
      return attempt.challenge;
    },
    verify: async (challenge, digits) => finish(challenge, digits),
    onCode: () => inbox?.watch(attempt.request.phone, entry.use, attempt.asked),
    onProblem(problem, digits, challenge) {
      if (problem.code !== "pin-required" && problem.code !== "invalid-pin") return false;
      askForPin(challenge, digits);
      return true;
    },
  });

  async function finish(challenge, digits, pin) {
    const login = await logIn({ challenge: challenge.challenge_token, code: digits, pin, deviceName: t("this-page", { browser: browser() }) });
    entry.leave();
    onLoggedIn(login);
  }

  function askForPin(challenge, digits) {
    const pin = field({
      label: "pin", name: "pin", type: "password", inputmode: "numeric", autocomplete: "current-password",
      maxlength: 12, required: true, className: "big code-like", hint: "pin-hint",
    });
    const heading = h("h1", { tabindex: "-1" }, words("enter-pin"));
    const step = form({
      fields: [pin], label: "continue", className: "stack",
      before: [owner(attempt.request.phone), heading, h("p", { class: "lead" }, words("enter-pin-lead"))],
      async onSubmit(values) {
        if (!/^\d{4,12}$/.test(values.pin)) return pin.fail(words("problem.invalid-request.pin"));
        try {
          await finish(challenge, digits, values.pin);
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          if (OF_THE_CODE.includes(problem.code)) return backToCode(problem);
          if (problem.code !== "invalid-pin" && problem.code !== "pin-required") throw problem;
          pin.input.value = "";
          pin.fail(words("problem.invalid-pin"));
          pin.input.focus();
        }
      },
    });
    root.replaceChildren(back, step.root);
    pin.input.focus();
  }

  function backToCode(problem) {
    root.replaceChildren(back, title, lead, entry.root);
    title.focus();
    entry.refuse(problem);
  }

  root.append(back, title, lead, entry.root);
  inbox?.watch(attempt.request.phone, entry.use, attempt.asked);
  return { root, focus: entry.input, name: "code", leave: entry.leave };
}

/** The challenge of an attempt to which one comes back. */
function aged({ challenge, at }) {
  const seconds = (Date.now() - at) / 1000;
  return { ...challenge, expires_in: challenge.expires_in - seconds, resend_in: challenge.resend_in - seconds };
}

/** What the list of sessions calls this browser. */
function browser() {
  const brand = navigator.userAgentData?.brands?.find(({ brand: name }) => !/Not.A.Brand|Chromium/.test(name))?.brand;
  const agent = navigator.userAgent;
  return brand ?? ["Firefox", "Edg", "Chrome", "Safari"].find((name) => agent.includes(name))?.replace("Edg", "Edge") ?? "Web";
}
