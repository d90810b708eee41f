// Logs in with the code of docs/clients.md.
import assert from "node:assert/strict";
import { type Dialogue, advice, logIn, rename } from "./login.js";
import { PhoneAuth, Refused, type Store, accepted } from "./phone-auth.js";

const address = process.env["BASE_URL"]!;
let numbers = 0;

/** What goes over the wire. */
const calls: string[] = [];
async function counted(request: Request): Promise<Response> {
  calls.push(new URL(request.url).pathname);
  return fetch(request);
}
const refreshes = () => calls.filter((path) => path.endsWith("/auth/refresh")).length;

function memory(): Store & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    get: async (name) => kept.get(name),
    set: async (name, value) => void (value ? kept.set(name, value) : kept.delete(name)),
  };
}

async function newestCode(phone: string): Promise<string> {
  const answer = await fetch(`${address}/dev/inbox?phone=${encodeURIComponent(phone)}`);
  const { messages } = (await answer.json()) as { messages: { code: string }[] };
  assert(messages[0]);
  return messages[0].code;
}

/** A person who reads what the phone got, after first entering `wrong`. */
function person(wrong: string[] = [], pin = "271828"): Dialogue & { heard: string[] } {
  const phone = `+7999${String(++numbers).padStart(7, "0")}`;
  const heard: string[] = [];
  return {
    heard,
    phone: async () => phone,
    code: async () => wrong.shift() ?? newestCode(phone),
    pin: async () => pin,
    say: (text) => void heard.push(text),
  };
}

const other = (code: string) => (code === "0000" ? "0001" : "0000");

const checks: Record<string, () => Promise<void>> = {
  "logs in, reads and changes the profile, and logs out": async () => {
    const store = memory();
    const auth = new PhoneAuth(address, store, "body", counted);
    const login = await logIn(auth, person());
    assert(login.is_new_user && login.refresh_token);
    assert.deepEqual([...store.kept.keys()].sort(), ["device_token", "refresh_token"]);
    assert.equal((await rename(auth, "Ada")).first_name, "Ada");
    assert.equal(accepted(await auth.client.GET("/api/v1/profile")).full_name, "Ada");
    const before = store.kept.get("refresh_token");
    await auth.refresh();
    assert.notEqual(store.kept.get("refresh_token"), before);
    await auth.logOut();
    assert.equal(store.kept.size, 0);
  },
  "five calls with a spent token make one refresh, and all are carried out": async () => {
    const auth = new PhoneAuth(address, memory(), "body", counted);
    await logIn(auth, person());
    auth.accessToken = "spent";
    const before = refreshes();
    const read = async () => accepted(await auth.client.GET("/api/v1/profile"));
    const answers = await Promise.all([read(), read(), rename(auth, "Ada"), read(), read()]);
    assert.equal(new Set(answers.map((profile) => profile.id)).size, 1);
    assert.equal((await read()).first_name, "Ada");
    assert.equal(refreshes(), before + 1);
  },
  "an app that is started anew goes on with the refresh token": async () => {
    const store = memory();
    await logIn(new PhoneAuth(address, store, "body", counted), person());
    const again = new PhoneAuth(address, store, "body", counted);
    assert.equal((await rename(again, "Ada")).first_name, "Ada");
  },
  "a session that was ended is told, and its token is forgotten": async () => {
    const store = memory();
    const auth = new PhoneAuth(address, store, "body", counted);
    await logIn(auth, person());
    const kept = store.kept.get("refresh_token");
    await auth.client.POST("/api/v1/auth/logout");
    await assert.rejects(rename(auth, "Ada"), (error: Refused) => error.problem.code === "invalid-refresh-token");
    assert(kept && !store.kept.has("refresh_token") && store.kept.has("device_token"));
  },
  "a refresh that found no service is no logout": async () => {
    const store = memory();
    let away = false;
    const sometimes = async (request: Request) => {
      if (away) throw new TypeError("fetch failed");
      return fetch(request);
    };
    const auth = new PhoneAuth(address, store, "body", sometimes);
    await logIn(auth, person());
    auth.accessToken = undefined;
    away = true;
    await assert.rejects(rename(auth, "Ada"), TypeError);
    away = false;
    assert.equal((await rename(auth, "Ada")).first_name, "Ada");
  },
  "a wrong code is told with what is left, and three of them ask for another": async () => {
    const auth = new PhoneAuth(address, memory(), "body", counted);
    const people = person();
    const phone = await people.phone();
    let tries = 0;
    const code = async () => ((tries += 1) < 4 ? other(await newestCode(phone)) : newestCode(phone));
    assert((await logIn(auth, { ...people, code })).access_token);
    assert.match(people.heard.join("\n"), /2 more.*\n.*1 more.*\n.*0 more/);
  },
  "a PIN is asked for when the account has one": async () => {
    const ada = person();
    const auth = new PhoneAuth(address, memory(), "body", counted);
    await logIn(auth, ada);
    const { error } = await auth.client.PUT("/api/v1/profile/pin", { body: { pin: "271828" } });
    assert.equal(error, undefined);
    const elsewhere = new PhoneAuth(address, memory(), "body", counted);
    assert.equal((await logIn(elsewhere, ada)).user.has_pin, true);
    assert.equal(ada.heard.length, 1);
  },
  "what went wrong is narrowed by its code": async () => {
    const auth = new PhoneAuth(address, memory(), "body", counted);
    const refused = await auth.requestCode("not a number").catch((error: Refused) => error);
    assert(refused instanceof Refused && refused.problem.code === "invalid-phone");
    assert.equal(advice(refused.problem), refused.problem.title);
  },
  "a page keeps the refresh token in a cookie, and goes on after a reload": async () => {
    // What a browser does by itself.
    let cookie = "";
    const browser = async (request: Request) => {
      const headers = new Headers(request.headers);
      headers.set("Origin", address);
      if (cookie) headers.set("Cookie", cookie);
      const body = request.body ? await request.text() : null;
      const answer = await fetch(request.url, { method: request.method, headers, body });
      cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
      return answer;
    };
    const store = memory();
    const login = await logIn(new PhoneAuth(address, store, "cookie", browser), person());
    assert.equal(login.refresh_token, undefined);
    assert(/^phone_auth_refresh_\d+=./.test(cookie) && !store.kept.has("refresh_token"));
    const reloaded = new PhoneAuth(address, store, "cookie", browser);
    assert.equal((await rename(reloaded, "Ada")).first_name, "Ada");
    await reloaded.logOut();
    assert.match(cookie, /^phone_auth_refresh_\d+=$/);
  },
  "two tabs refresh one after the other, in a way that outlives a reload": async () => {
    const store = memory();
    await logIn(new PhoneAuth(address, store, "body", counted), person());
    let [underWay, most] = [0, 0];
    const shown = new Set<string>();
    const watched = async (request: Request) => {
      assert(request.keepalive);
      shown.add(await request.clone().text());
      most = Math.max(most, (underWay += 1));
      return fetch(request).finally(() => (underWay -= 1));
    };
    const tabs = [1, 2].map(() => new PhoneAuth(address, store, "body", watched));
    // What browsers have, and Node not before 24.
    let last: Promise<unknown> = Promise.resolve();
    const request = (_: string, work: () => Promise<void>) => (last = last.then(work));
    const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
    try {
      await Promise.all(tabs.map((tab) => tab.refresh()));
    } finally {
      if (before) Object.defineProperty(globalThis, "navigator", before);
      else Reflect.deleteProperty(globalThis, "navigator");
    }
    assert.deepEqual([most, shown.size], [1, 2]);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}`);
    console.error(error);
  }
}
process.exitCode = failed ? 1 : 0;
