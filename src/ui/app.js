// Puts the page together and decides which view is shown.

import { account } from "./account.js";
import { ROOT } from "./api.js";
import { code } from "./code.js";
import { drawer } from "./drawer.js";
import { fill, h } from "./element.js";
import { button } from "./form.js";
import { footer, header } from "./frame.js";
import { inbox } from "./inbox.js";
import { ask, isLoggedIn, logOut, mayBeLoggedIn, refresh, session } from "./session.js";
import { digits, readInviteCode, signIn } from "./sign-in.js";
import { toasts } from "./surface.js";
import { problemText, t, words } from "./words.js";

const main = h("main", { id: "main" });
const phone = inbox();
let shown = null;
let restoring = null;

/** The views beside which the simulated phone lies. */
const WITH_PHONE = ["sign-in", "code"];

/** What the address says of an invitation: `/i/CODE`. */
function invitation() {
  const [, text] = /^i\/([^/]*)\/?$/.exec(location.href.slice(ROOT.href.length).replace(/[?#].*/, "")) ?? [];
  if (text === undefined) return null;
  let written = "";
  try {
    written = decodeURIComponent(text);
  } catch {
    // Not even a text.
  }
  const found = readInviteCode(written);
  return found ? { code: found } : { malformed: true };
}

let invite = invitation();

function show(view, { focus = true } = {}) {
  shown?.leave?.();
  shown = view;
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  const withPhone = phone && WITH_PHONE.includes(view.name);
  main.className = view.name === "account" ? "wide" : withPhone ? "with-phone" : "alone";
  if (view.name === "sign-in") phone?.rest();
  fill(main, view.root, withPhone ? phone.root : null);
  title();
  scrollTo(0, 0);
  if (focus) (view.focus ?? main.querySelector("h1"))?.focus({ preventScroll: true });
}

function title() {
  document.title = `${t(`title.${shown?.name ?? "sign-in"}`)} · phone-auth`;
}

function showSignIn({ notice = null, phone: given = "", inviteCode, focus = true } = {}) {
  const view = signIn({
    invite, notice, phone: given, inviteCode, sent,
    // What was asked for in a view that was left meanwhile shows nothing any more.
    onSent: (...attempt) => { if (shown === view) showCode(...attempt); },
  });
  // On a touch screen a keyboard that jumps up at the first look is a nuisance.
  show(view, { focus: focus || matchMedia("(pointer: fine)").matches });
}

/** What was sent to which number; a code that has arrived may still be entered. */
const sent = new Map();

/** `inviteCode` is what the field has, also where a code was sent without it. */
function showCode(attempt, inviteCode = attempt.request.inviteCode) {
  const key = digits(attempt.request.phone);
  sent.set(key, attempt);
  show(code({
    attempt, inbox: phone,
    onBack(over) {
      if (over) sent.delete(key);
      showSignIn({ phone: attempt.request.phone, inviteCode: inviteCode ?? "" });
    },
    // Logged in is logged in, also from a view that was left.
    onLoggedIn(login) {
      if (!isLoggedIn()) return;
      sent.delete(key);
      const unused = login.referral === "not-a-first-login" || inviteCode !== attempt.request.inviteCode;
      showAccount(login, unused ? inviteCode : null);
    },
  }));
}

/** `unused` is an invite code that was entered with the login, and does not count by itself. */
function showAccount({ user, etag = null, is_new_user: isNew, referral = null }, unused = null) {
  // A login has used the invitation, but of somebody who was here before.
  if (isNew !== undefined && unused !== invite?.code) forgetInvitation();
  if (unused && !user.activated_invite_code) invite ??= { code: unused };
  show(account({ user, etag, isNew, referral, invite, onInviteDone: forgetInvitation }));
}

/** From now on the address of a reload is that of the page. */
function forgetInvitation() {
  if (invite) history.replaceState(null, "", ROOT);
  invite = null;
}

function showWait() {
  show({ name: "wait", root: h("div", { class: "card entry wait-card", role: "status" }, h("h1", {}, words("one-moment"))) }, { focus: false });
}

/** The service cannot be asked whether somebody is logged in. */
function showAway(problem) {
  show({
    name: "away",
    root: h("div", { class: "card entry" }, h("h1", { tabindex: "-1" }, words("away")),
      h("p", { class: "lead" }, problemText(problem)),
      h("div", { class: "actions" }, button("try-again", restore, { className: "primary" }),
        button("sign-in-anew", () => logOut(), { className: "quiet" }))),
  });
}

/** Takes up the login that the cookie stands for, unless that is over or another has begun meanwhile. */
async function restore() {
  const mine = restoring = {};
  try {
    if (!isLoggedIn()) await refresh();
    const { body, headers } = await ask("GET", "/profile");
    if (restoring === mine) showAccount({ user: body, etag: headers.get("ETag") });
  } catch (problem) {
    // A refusal ends the session, and that shows the first view.
    if (restoring === mine && (isLoggedIn() || mayBeLoggedIn())) showAway(problem);
  }
}

session.addEventListener("end", ({ detail }) => {
  restoring = null;
  showSignIn({ notice: detail });
});
session.addEventListener("begin", () => {
  showWait();
  restore();
});
document.addEventListener("language", title);

const skip = h("a", { class: "skip", href: "#main" }, words("skip"));
skip.addEventListener("click", (event) => {
  event.preventDefault();
  main.querySelector("h1")?.focus();
});

const panel = drawer();
document.body.append(
  h("div", { class: "page" }, skip, header(panel), main, footer()),
  panel.root,
  toasts,
);

if (mayBeLoggedIn()) {
  showWait();
  restore();
} else {
  showSignIn({ focus: false });
}
