// The own invite code with its link and QR code, the entry of somebody else's, and the people one has invited.

import { Problem } from "./api.js";
import { fill, h, icon } from "./element.js";
import { button, field, form, message } from "./form.js";
import { ask } from "./session.js";
import { readInviteCode } from "./sign-in.js";
import { card, tell } from "./surface.js";
import { date, phone, said, t, words } from "./words.js";

/** "Invite people": code, link, QR code. */
export function invitation() {
  const root = h("div", { class: "stack" }, h("p", { class: "skeleton" }));
  const retry = button("try-again", load, { className: "plain" });
  const failed = message(retry);
  load();
  return card("invite", h("p", { class: "lead" }, words("invite-lead")), root, failed.root, retry);

  async function load() {
    retry.hidden = true;
    failed.clear();
    try {
      const { body } = await ask("GET", "/referral");
      const link = h("a", { class: "link", href: body.invite_url }, body.invite_url.replace(/^https?:\/\//, ""));
      fill(root,
        h("div", { class: "big-code" }, h("output", { "aria-label": words("your-invite-code") }, body.invite_code),
          button("copy-code", () => copy(body.invite_code, "code-copied"), { className: "plain", icon: icon("copy") })),
        h("div", { class: "link-row" }, link),
        h("div", { class: "actions" },
          button("copy-link", () => copy(body.invite_url, "link-copied"), { className: "plain", icon: icon("copy") }),
          navigator.share ? button("share", () => share(body.invite_url), { className: "plain", icon: icon("share") }) : null));
      root.append(await qr(body.invite_code));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      retry.hidden = false;
      failed.show(problem);
    }
  }
}

async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    tell(done);
  } catch {
    tell("copy-failed");
  }
}

const share = (url) => navigator.share({ title: "phone-auth", text: t("share-text"), url }).catch(() => {});

/** The picture needs the access token, so it is fetched and shown from memory. */
async function qr(code) {
  const { body: picture } = await ask("GET", "/referral/qr.svg");
  const address = URL.createObjectURL(picture);
  return h("figure", { class: "qr" }, h("img", { src: address, alt: words("qr-alt"), width: 176, height: 176 }),
    h("figcaption", {}, words("qr-lead"), " ", h("a", { href: address, download: `invite-${code}.svg` }, words("download-qr"))));
}

/** Problems after which no other code can be entered. */
const FINAL = ["invite-already-activated", "invite-window-closed"];

/**
 * "Were you invited?": the one code that can be activated. `referral` is what the login said of a code, `invite` is
 * what the address says; `onDone` is called once that is used or put aside. Answers the card, and a notice on `invite`.
 */
export function activation(profile, { invite, referral, onDone }) {
  const root = h("div");
  let closed = FINAL.includes(referral) ? referral : null;
  const code = field({ label: "invite-code", name: "invite_code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 16, className: "code-like", value: invite?.code ?? "" });
  const entry = form({
    fields: [code], label: "activate", className: "inline", buttonClass: "secondary", place: "activation",
    before: [h("p", { class: "lead" }, words("activate-lead"))],
    async onSubmit(values) {
      const written = readInviteCode(values.invite_code);
      if (!written) throw new Problem({ code: "invalid-request", detail: "invite_code:" });
      try {
        const { body } = await ask("POST", "/referral/activate", { body: { invite_code: written } });
        show(body);
        root.firstElementChild.focus();
        tell("invite-activated");
        done();
        await profile.reload();
      } catch (problem) {
        if (!FINAL.includes(problem.code)) throw problem;
        if (problem.code === "invite-already-activated") await profile.reload();
        closed = problem.code;
        done();
        show(profile.user);
        root.firstElementChild.focus();
        tell(`problem.${closed}`);
      }
    },
  });

  function show({ activated_invite_code: activated, invited_by_phone: inviter }) {
    if (!activated && !closed) return void (entry.root.isConnected || fill(root, entry.root));
    fill(root, h("p", { class: "activated", tabindex: "-1" }, activated ? icon("check") : null, activated
      ? said(() => (inviter ? t("invited-by", { code: activated, phone: phone(inviter) }) : t("invited-by-gone", { code: activated })))
      : words(`problem.${closed}`)));
  }
  profile.follow(() => show(profile.user));

  const notice = invite ? h("div", { class: "notice invited" }, icon("gift"), h("div", { class: "stack" }, about(profile.user, invite),
    h("div", { class: "actions" },
      canBeUsed(profile.user, invite) ? button(said(() => t("activate-code", invite)), () => {
        code.input.value = invite.code;
        entry.root.scrollIntoView();
        code.input.focus();
        entry.root.requestSubmit();
      }, { className: "secondary" }) : null,
      button("dismiss", () => {
        done();
        document.querySelector("h1").focus();
      }, { className: "quiet" })))) : null;

  function done() {
    notice?.remove();
    onDone();
  }
  return { root: card("were-you-invited", root), notice };
}

const canBeUsed = (user, { code }) => code && code !== user.invite_code && !user.activated_invite_code;

/** What an invite link means for somebody who is logged in. */
function about(user, { code }) {
  const key = !code ? "link-malformed" : code === user.invite_code ? "link-own"
    : !user.activated_invite_code ? "link-open" : code === user.activated_invite_code ? "link-used" : "link-late";
  return h("p", {}, words(key, { code, activated: user.activated_invite_code }));
}

const PAGE = 10;

/** "People you invited": newest first, a page at a time. */
export function invitedPeople() {
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
