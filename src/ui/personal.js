// Names and e-mail address.

import { Problem } from "./api.js";
import { card } from "./card.js";
import { field, form } from "./form.js";
import { ask } from "./session.js";
import { tell } from "./toast.js";

const MEMBERS = ["first_name", "last_name", "email"];

export function personal(profile) {
  const fields = [
    field({ label: "first-name", name: "first_name", autocomplete: "given-name", maxlength: 100 }),
    field({ label: "last-name", name: "last_name", autocomplete: "family-name", maxlength: 100 }),
    field({ label: "email", name: "email", type: "email", autocomplete: "email", maxlength: 254 }),
  ];
  const { root } = form({
    fields, label: "save", className: "stack names", buttonClass: "secondary",
    async onSubmit(values) {
      const body = changed(values, profile.user);
      if (!Object.keys(body).length) return tell("nothing-changed");
      try {
        profile.take(await ask("PATCH", "/profile", { body, etag: await profile.tag() }));
        tell("saved");
      } catch (problem) {
        // Now the fields show what the other client wrote, and else what is being typed.
        if (problem instanceof Problem && problem.code === "profile-changed") await profile.reload();
        throw problem;
      }
    },
  });
  profile.follow(() => {
    for (const { name, input } of fields) {
      // What is being typed stays, when only another part of the profile changed.
      const before = input.dataset.saved;
      const now = profile.user[name] ?? "";
      if (before === undefined || before !== now) input.value = now;
      input.dataset.saved = now;
    }
  });
  return card("profile", root);
}

/** A merge patch: what is new, and null for what was emptied. */
function changed(values, user) {
  const entries = MEMBERS.map((name) => [name, values[name].trim() || null]);
  return Object.fromEntries(entries.filter(([name, value]) => value !== user[name]));
}
