// The PIN: a second step that a person may have at login.

import { Problem } from "./api.js";
import { loginTooOld, openDialog, row, tell } from "./surface.js";
import { fill, h } from "./element.js";
import { button, field, form, owner } from "./form.js";
import { ask } from "./session.js";
import { logInAgain } from "./sign-in.js";
import { words } from "./words.js";

export function pin(profile) {
  const root = h("div");
  profile.follow(() => {
    const has = profile.user.has_pin;
    fill(root, row(words("pin"), words(has ? "pin-is-set" : "pin-is-not-set"),
      button(has ? "change-pin" : "set-pin", () => change(profile, root), { className: "plain" }),
      has ? button("remove-pin", () => remove(profile, root), { className: "plain danger" }) : null));
  });
  return root;
}

const digits = (label, name, autocomplete, hint) =>
  field({ label, name, type: "password", inputmode: "numeric", autocomplete, maxlength: 12, hint });

function change(profile, home) {
  const has = profile.user.has_pin;
  question(has ? "change-pin" : "set-pin", [
    ...(has ? [digits("current-pin", "current_pin", "current-password")] : []),
    digits("new-pin", "pin", "new-password", "new-pin-hint"),
    digits("repeat-pin", "again", "new-password"),
  ], async ({ pin: next, again, current_pin: current }, fail) => {
    if (!isPin(next)) return fail("pin", "problem.invalid-request.pin");
    if (next !== again) return fail("again", "pins-differ");
    await ask("PUT", "/profile/pin", { body: current ? { pin: next, current_pin: current } : { pin: next } });
    return "pin-saved";
  }, profile, home);
}

function remove(profile, home) {
  question("remove-pin", [digits("current-pin", "current_pin", "current-password")], async ({ current_pin: current }, fail) => {
    if (!isPin(current)) return fail("current_pin", "problem.invalid-request.pin");
    await ask("DELETE", "/profile/pin", { body: { current_pin: current } });
    return "pin-removed";
  }, profile, home);
}

const isPin = (text) => /^\d{4,12}$/.test(text);

/** Asks for PINs. `work` answers the word to tell when it is done; the focus goes back to `home`, drawn anew. */
function question(heading, fields, work, profile, home) {
  const dialog = openDialog(heading, (close) => {
    const fail = (name, key) => {
      const concerned = fields.find((one) => one.name === name) ?? fields[0];
      concerned.fail(words(key));
      concerned.input.focus();
    };
    return form({
      fields, label: heading, className: "stack", place: "pin", before: [owner(profile.user.phone)],
      async onSubmit(values) {
        try {
          const done = await work(values, fail);
          if (!done) return;
          await profile.reload();
          tell(done);
          close();
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          if (problem.code === "reauthentication-required") dialog.replace(loginTooOld(() => logInAgain(profile.user.phone)));
          else if (problem.code === "invalid-pin") fail("current_pin", "problem.invalid-pin");
          else if (problem.code === "pin-required" && !profile.user.has_pin) {
            // Another client has set one meanwhile.
            close();
            await profile.reload();
            change(profile, home);
          } else throw problem;
        }
      },
    }).root;
  }, { onClose: () => home.querySelector("button")?.focus() });
}
