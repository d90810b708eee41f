// The first view: the phone number, and an invite code for those who have one.

import { Problem } from "./api.js";
import { h, icon } from "./element.js";
import { button, field, form } from "./form.js";
import { logOut, requestCode } from "./session.js";
import { currentLanguage, words } from "./words.js";

/** Six letters or digits, as people write them; null if it is none. */
export function readInviteCode(text) {
  const code = text.replace(/[\s-]/g, "").toUpperCase();
  return /^[A-Z0-9]{6}$/.test(code) ? code : null;
}

let known = "";

/** For what takes a new login; the own number is in the field already. */
export function logInAgain(number) {
  known = number;
  return logOut("log-in-again");
}

export const digits = (number) => number.replace(/\D/g, "");

/**
 * `invite` is what the address says: `{ code }`, `{ malformed: true }` or null. `notice` is a sentence on why one is
 * here again. `inviteCode` was entered before; `sent` are the attempts that may still be good. `onSent(attempt)` gets
 * what the code view needs.
 */
export function signIn({ invite, notice, phone: given = "", inviteCode = invite?.code ?? "", sent, onSent }) {
  const number = given || known;
  known = "";
  const phone = field({
    label: "phone", name: "phone", type: "tel", autocomplete: "tel", inputmode: "tel", required: true,
    placeholder: "+7 999 123-45-67", value: number, maxlength: 64, className: "big", hint: "phone-hint",
  });
  const code = field({
    label: "invite-code-optional", name: "invite_code", value: inviteCode, autocomplete: "off",
    autocapitalize: "characters", spellcheck: "false", maxlength: 16, className: "code-like",
  });
  code.root.hidden = !inviteCode;
  const reveal = button("have-invite", () => {
    code.root.hidden = false;
    reveal.hidden = true;
    code.input.focus();
  }, { className: "quiet start" });
  reveal.hidden = Boolean(inviteCode);
  const open = () => {
    const attempt = sent.get(digits(phone.input.value));
    return attempt && Date.now() < attempt.at + attempt.challenge.expires_in * 1000 ? attempt : null;
  };
  const resume = button("enter-code-i-have", () => {
    const attempt = open();
    if (attempt) onSent(attempt, readInviteCode(code.input.value));
    else offer();
  }, { className: "quiet start" });
  const offer = () => { resume.hidden = !open(); };
  phone.input.addEventListener("input", offer);
  offer();

  const { root } = form({
    fields: [phone, code], label: "send-code",
    before: [h("h1", { tabindex: "-1" }, words("sign-in")), h("p", { class: "lead" }, words("sign-in-lead"))],
    after: [resume, reveal],
    className: "stack",
    async onSubmit(values) {
      if (!values.phone.trim()) throw new Problem({ code: "invalid-phone" });
      const written = values.invite_code.trim();
      const inviteCode = written ? readInviteCode(written) : null;
      if (written && !inviteCode) throw new Problem({ code: "invalid-request", detail: "invite_code:" });
      const request = { phone: values.phone.trim(), inviteCode, locale: currentLanguage() };
      const asked = Date.now();
      onSent({ request, asked, challenge: await requestCode(request), at: Date.now() });
    },
  });
  return { root: h("div", { class: "card entry" }, news(invite, notice), root), focus: phone.input, name: "sign-in" };
}

function news(invite, notice) {
  if (notice) return h("p", { class: "notice" }, words(`notice.${notice}`));
  if (invite?.malformed) return h("p", { class: "notice" }, words("invite-malformed"));
  if (!invite?.code) return null;
  return h("p", { class: "notice invited" }, icon("gift"),
    h("span", {}, h("strong", {}, words("you-are-invited")), " ", words("invited-lead")));
}
