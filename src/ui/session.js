// Who is logged in. The access token lives in this module's memory, the refresh token in a cookie that no
// script can read, and `localStorage` says only whether it is worth asking with that cookie.

import { Problem, send } from "./api.js";
import { forget, onOtherTab, recall, remember } from "./storage.js";

const COOKIE = { refresh_token_in: "cookie" };

/** Seconds before its end at which a token is renewed. */
const EARLY = 60;

export const session = new EventTarget();

let access = null;
let timer;
let refreshing = null;

export const isLoggedIn = () => access !== null;
export const accessToken = () => access?.token ?? null;
export const mayBeLoggedIn = () => recall("logged-in") !== null;

function keep({ access_token: token, expires_in: seconds }) {
  const early = Math.min(EARLY, seconds / 5);
  access = { token, renewAt: Date.now() + (seconds - early) * 1000 };
  clearTimeout(timer);
  timer = setTimeout(() => {
    // A tab that nobody looks at renews with its next request.
    if (document.visibilityState === "visible") refresh().catch(() => {});
  }, (seconds - early) * 1000);
}

function drop() {
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
  const login = (await send("POST", "/auth/verify", { body })).body;
  keep(login);
  remember("device-token", login.device_token);
  remember("logged-in", `${login.user.id} ${Date.now()}`);
  return login;
}

/** Trades the cookie for a new access token; never twice at a time, nor in two tabs at once. */
export function refresh() {
  refreshing ??= alone(trade).finally(() => { refreshing = null; });
  return refreshing;
}

const alone = (work) =>
  (navigator.locks ? navigator.locks.request("phone-auth.refresh", work) : Promise.resolve().then(work));

async function trade() {
  try {
    keep((await send("POST", "/auth/refresh", { body: COOKIE })).body);
  } catch (problem) {
    if (problem.status === 401 || problem.status === 403) {
      if (problem.code === "refresh-token-reused") forget("device-token");
      end(problem.code);
    }
    throw problem;
  }
}

/** Sends a request as the person who is logged in. A token that has ended is renewed, once. */
export async function ask(method, path, options = {}) {
  if (!access) throw new Problem({ code: "unauthenticated", status: 401 });
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
    await ask("POST", "/auth/logout");
  } catch (problem) {
    if (problem.status !== 401) said = "logged-out-untold";
  }
  forget("device-token");
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
    if (!access) return;
    drop();
    session.dispatchEvent(new CustomEvent("end", { detail: "logged-out-elsewhere" }));
  } else {
    drop();
    session.dispatchEvent(new Event("begin"));
  }
});
