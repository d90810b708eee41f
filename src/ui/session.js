// Who is logged in. The access token lives in this module's memory, the refresh token in a cookie that no
// script can read, and `localStorage` says only whether it is worth asking with that cookie.

import { Problem, send } from "./api.js";
import { forget, onOtherTab, recall, remember } from "./storage.js";
import { alone } from "./turn.js";

const COOKIE = { refresh_token_in: "cookie" };

/** Seconds before its end at which a token is renewed. */
const EARLY = 60;

export const session = new EventTarget();

let access = null;
let timer;
let refreshing = null;

/** Counts the logins and their ends in this tab: what was asked before one of them is not to be believed after it. */
let epoch = 0;

/** Whose tokens these are: a cookie may come to be that of another login. */
function owner(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    // A gateway or a hotel's network may answer 200 in the place of the service.
    throw new Problem({ code: "unexpected-answer", status: 0 });
  }
}

export const isLoggedIn = () => access !== null;
export const accessToken = () => access?.token ?? null;
export const mayBeLoggedIn = () => recall("logged-in") !== null;

function keep(answer) {
  const { access_token: token, expires_in: seconds } = answer ?? {};
  const user = owner(token);
  const early = Math.min(EARLY, seconds / 5);
  access = { token, user, renewAt: Date.now() + (seconds - early) * 1000 };
  clearTimeout(timer);
  timer = setTimeout(() => {
    // A tab that nobody looks at renews with its next request.
    if (document.visibilityState === "visible") refresh().catch(() => {});
  }, (seconds - early) * 1000);
}

function drop() {
  epoch += 1;
  access = null;
  clearTimeout(timer);
}

/** Sends a code. */
export async function requestCode({ phone, inviteCode, locale }) {
  const body = { phone, locale };
  if (inviteCode) body.invite_code = inviteCode;
  const device = recall("device-token");
  if (device) body.device_token = device;
  return (await send("POST", "/auth/phone", { body })).body;
}

/** Logs in; answers the whole login. */
export async function logIn({ challenge, code, pin, deviceName }) {
  const body = { challenge_token: challenge, code, device_name: deviceName, ...COOKIE };
  if (pin) body.pin = pin;
  // The answer to a refresh that is under way must not come after this one's cookie.
  await refreshing?.answer.catch(() => {});
  const login = (await send("POST", "/auth/verify", { body })).body;
  epoch += 1;
  keep(login);
  remember("device-token", login.device_token);
  remember("logged-in", `${login.user.id} ${Date.now()}`);
  return login;
}

/** Trades the cookie for a new access token; never twice at a time, nor in two tabs at once. */
export function refresh() {
  if (refreshing?.epoch !== epoch) {
    const begun = { epoch, answer: alone(trade).finally(() => { if (refreshing === begun) refreshing = null; }) };
    refreshing = begun;
  }
  return refreshing.answer;
}

/** What the service itself refuses; a gateway's 401 or 403 says nothing about the session. */
const REFUSALS = ["invalid-refresh-token", "refresh-token-reused", "foreign-origin"];

async function trade() {
  const [asked, user] = [epoch, access?.user];
  let problem = null;
  try {
    // With `keepalive` the browser takes the new cookie also when the page is left meanwhile.
    const { body } = await send("POST", "/auth/refresh", { body: COOKIE, keepalive: true });
    if (asked !== epoch) throw ended();
    keep(body);
  } catch (failure) {
    problem = failure;
  }
  if (asked !== epoch) throw problem ?? ended();
  if (REFUSALS.includes(problem?.code)) {
    if (problem.code === "refresh-token-reused") forget("device-token");
    end(problem.code);
  } else if (!problem && user && access.user !== user) {
    // Somebody else logged in on this browser: nothing that is shown is theirs.
    epoch += 1;
    session.dispatchEvent(new Event("begin"));
    throw ended();
  }
  if (problem) throw problem;
}

const ended = () => new Problem({ code: "unauthenticated", status: 401 });

/** Sends a request as the person who is logged in. A token that has ended is renewed, once. */
export async function ask(method, path, options = {}) {
  if (!access) throw ended();
  if (Date.now() >= access.renewAt) await refresh();
  const token = access.token;
  try {
    return await send(method, path, { ...options, token });
  } catch (problem) {
    if (problem.code !== "unauthenticated") throw problem;
    // Another request may have renewed it meanwhile.
    if (access?.token === token) await refresh();
    if (!access) throw problem;
    return send(method, path, { ...options, token: access.token });
  }
}

/** Logs out. When the service cannot be told, the page says so: only the service can take its cookie back. */
export async function logOut(reason = "logged-out") {
  let said = reason;
  try {
    if (!access) await refresh();
    await ask("POST", "/auth/logout");
  } catch (problem) {
    if (!["unauthenticated", ...REFUSALS].includes(problem.code)) said = "logged-out-untold";
  }
  // With the device token the next login here takes the place of this session, which is still there.
  if (said !== "logged-out-untold") forget("device-token");
  end(said);
}

/** Forgets the login here and in the other tabs. `reason` is a word of the dictionary. */
export function end(reason) {
  const was = access !== null || mayBeLoggedIn();
  drop();
  forget("logged-in");
  if (was) session.dispatchEvent(new CustomEvent("end", { detail: reason }));
}

onOtherTab("logged-in", (value) => {
  if (value === null) {
    // A tab that is just taking up the login has none yet.
    if (!access && !refreshing) return;
    drop();
    session.dispatchEvent(new CustomEvent("end", { detail: "logged-out-elsewhere" }));
  } else {
    drop();
    session.dispatchEvent(new Event("begin"));
  }
});
