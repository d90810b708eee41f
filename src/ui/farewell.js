// The own data: taken along, or deleted.

import { Problem } from "./api.js";
import { openDialog, row } from "./surface.js";
import { h } from "./element.js";
import { button, field, form, message } from "./form.js";
import { ask, end } from "./session.js";
import { forget } from "./storage.js";
import { words } from "./words.js";

export function farewell(profile) {
  const exporting = button("export", () => take(below), { className: "plain" });
  const below = message(exporting);
  return h("div", {}, row(words("export-label"), words("export-lead"), exporting), below.root,
    row(words("delete-label"), words("delete-lead"), button("delete-account", () => remove(profile), { className: "plain danger" })));
}

async function take(below) {
  try {
    below.clear();
    const { body } = await ask("GET", "/profile/export");
    const address = URL.createObjectURL(new Blob([JSON.stringify(body, null, 2)], { type: "application/json" }));
    h("a", { href: address, download: "phone-auth-export.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    below.show(problem);
  }
}

/** Deleting asks for something that one has to look at: the end of the own number. */
function remove(profile) {
  openDialog("delete-account", (close) => {
    const last = profile.user.phone.slice(-4);
    const digits = field({ label: "last-digits", name: "digits", inputmode: "numeric", autocomplete: "off", maxlength: 4, hint: "last-digits-hint" });
    return form({
      fields: [digits], label: "delete-for-ever", className: "stack", buttonClass: "primary danger",
      before: [h("p", {}, words("delete-warning"))],
      after: [button("cancel", close, { className: "quiet" })],
      async onSubmit(values) {
        if (values.digits.trim() !== last) {
          digits.fail(words("last-digits-wrong"));
          digits.input.focus();
          return;
        }
        await ask("DELETE", "/profile");
        close();
        forget("device-token");
        end("account-deleted");
      },
    }).root;
  });
}
