// Names, e-mail address and picture.

import { Problem, ROOT } from "./api.js";
import { fill, freshId, h, icon, set } from "./element.js";
import { button, field, form, message } from "./form.js";
import { ask } from "./session.js";
import { card, openDialog, tell } from "./surface.js";
import { words } from "./words.js";

const MEMBERS = ["first_name", "last_name", "email"];

/** "Profile": what a person may write about themselves. */
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

const TYPES = ["image/png", "image/jpeg", "image/webp"];
const MOST = 2 * 1024 * 1024;

/** The picture, or the initials of who has none; a press changes it. */
export function portrait(profile) {
  const face = h("span", { class: "avatar" });
  const root = h("button", { type: "button", class: "portrait", "aria-label": words("change-picture"), on: { click: () => choose(profile) } },
    face, h("span", { class: "badge" }, icon("camera")));
  profile.follow(() => show(face, profile.user));
  return root;
}

function show(face, user) {
  const letters = user.avatar_url ? "" : initials(user);
  // Drawn by the style: the button has a name of its own.
  set(face, "data-initials", letters || null);
  if (!user.avatar_url) return fill(face, letters ? null : icon("person"));
  // The service may be visited under another name than it calls itself: its pictures lie beside this page.
  const address = new URL(`avatars/${user.avatar_url.split("/").pop()}`, ROOT).href;
  fill(face, h("img", { src: address, alt: "", width: 96, height: 96 }));
}

const initials = ({ first_name: first, last_name: last }) =>
  [first, last].filter(Boolean).map((name) => [...name][0].toLocaleUpperCase()).join("");

function choose(profile) {
  let shownUrl = null;
  const forget = () => shownUrl && URL.revokeObjectURL(shownUrl);
  openDialog("picture", (close) => {
    const id = freshId("picture");
    let chosen = null;
    const preview = h("span", { class: "avatar large" });
    show(preview, profile.user);
    const input = h("input", { id, type: "file", class: "unseen", "aria-describedby": `${id}-error`, accept: TYPES.join(","), on: { change: () => take(input.files[0]) } });
    const zone = h("label", { for: id, class: "drop" }, preview, h("span", {}, h("strong", {}, words("choose-picture")), " ", words("or-drop")), h("span", { class: "hint" }, words("picture-hint")));
    const save = button("save-picture", () => send(() => ask("PUT", "/profile/avatar", { body: chosen }), "picture-saved", below), { className: "primary" });
    const remove = button("remove-picture", () => send(() => ask("DELETE", "/profile/avatar"), "picture-removed", removing), { className: "plain danger" });
    const below = message(save);
    const removing = message(remove);
    below.root.id = `${id}-error`;
    save.hidden = true;
    remove.hidden = !profile.user.avatar_url;

    for (const event of ["dragover", "dragleave", "drop"]) {
      zone.addEventListener(event, (moved) => {
        moved.preventDefault();
        zone.classList.toggle("over", event === "dragover");
        if (event === "drop") take(moved.dataTransfer.files[0]);
      });
    }

    function take(file) {
      if (!file) return;
      below.clear();
      const wrong = !TYPES.includes(file.type) ? "picture-type" : file.size > MOST ? "picture-size" : null;
      set(input, "aria-invalid", wrong && "true");
      forget();
      chosen = wrong ? null : file;
      shownUrl = chosen && URL.createObjectURL(chosen);
      save.hidden = !chosen;
      if (chosen) return fill(preview, h("img", { src: shownUrl, alt: words("preview"), width: 144, height: 144 }));
      // An earlier choice is none any more.
      input.value = "";
      show(preview, profile.user);
      below.show(words(wrong));
    }

    async function send(request, done, where) {
      try {
        const answer = await request();
        if (answer.status === 204) await profile.reload();
        else profile.take(answer);
        tell(done);
        close();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        where.show(problem, "picture");
      }
    }

    return [input, zone, below.root, removing.root, h("div", { class: "actions" }, save, remove)];
  }, { onClose: forget });
}
