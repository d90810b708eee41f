// The change of number: a code to the new one, then the code.

import { Problem } from "./api.js";
import { loginTooOld, openDialog, row, tell } from "./surface.js";
import { codeForm } from "./code-form.js";
import { fill, h, icon } from "./element.js";
import { button, field, form, owner } from "./form.js";
import { inbox } from "./inbox.js";
import { ask } from "./session.js";
import { logInAgain } from "./sign-in.js";
import { currentLanguage, phone as written, said, t, words } from "./words.js";

export function number(profile) {
  const state = h("span");
  profile.follow(() => fill(state, said(() => written(profile.user.phone))));
  return row(words("phone"), state, button("change-phone", () => change(profile), { className: "plain" }));
}

function change(profile) {
  let leave = () => {};
  const request = { locale: currentLanguage() };
  const send = async () => (await ask("POST", "/profile/phone", { body: request })).body;
  const phone = field({ label: "new-phone", name: "phone", type: "tel", inputmode: "tel", autocomplete: "tel", maxlength: 64, hint: "new-phone-hint" });
  const pin = field({ label: "pin", name: "pin", type: "password", inputmode: "numeric", autocomplete: "current-password", maxlength: 12 });
  pin.root.hidden = true;

  const first = form({
    fields: [phone, pin], label: "send-code", className: "stack", place: "number", before: [owner(profile.user.phone)],
    async onSubmit(values) {
      if (!values.phone.trim()) throw new Problem({ code: "invalid-phone" });
      request.phone = values.phone.trim();
      if (values.pin) request.pin = values.pin;
      try {
        const asked = Date.now();
        askForCode(await send(), asked);
      } catch (problem) {
        if (problem.code === "reauthentication-required") dialog.replace(loginTooOld(() => logInAgain(profile.user.phone)));
        else if (problem.code === "pin-required" || problem.code === "invalid-pin") {
          pin.root.hidden = false;
          pin.fail(words(`problem.${problem.code}`));
          pin.input.focus();
        // Of a number only that it is the own one is an invalid request.
        } else if (problem.code === "invalid-request" && problem.detail?.startsWith("phone:")) throw new Problem({ code: "own-phone" });
        else throw problem;
      }
    },
  });

  function askForCode(challenge, asked) {
    const sms = inbox({ compact: true });
    const entry = codeForm({
      challenge, send, place: "number",
      verify: async ({ challenge_token }, code) => {
        profile.take(await ask("POST", "/profile/phone/verify", { body: { challenge_token, code } }));
        tell("phone-changed");
        dialog.close();
      },
      onProblem(problem) {
        if (problem.code !== "phone-taken") return false;
        correct();
        first.show(problem);
        return true;
      },
      onCode: () => sms?.watch(request.phone, entry.use),
    });
    leave = entry.leave;
    dialog.replace(button("change-number", correct, { className: "quiet start", icon: icon("back") }),
      h("h3", {}, words("code-is-sent")), h("p", { class: "lead" }, said(() => t("code-sent-to", { phone: written(request.phone) }))), entry.root, sms?.root);
    entry.input.focus();
    sms?.watch(request.phone, entry.use, asked);
  }

  function correct() {
    leave();
    dialog.replace(first.root);
    phone.input.select();
  }

  const dialog = openDialog("change-phone", () => first.root, { onClose: () => leave() });
}
