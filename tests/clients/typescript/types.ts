// Never run: the compiler has to refuse each line below an expectation, and nothing else.
import type { components } from "./phone-auth-api.js";
import { accepted, type PhoneAuth, type Problem } from "./phone-auth.js";

type Schemas = components["schemas"];
/** Fails to compile where a type says nothing. */
type Says<T> = unknown extends T ? never : [T] extends [never] ? never : T;

export const said: [
  Says<Problem["code"]>,
  Says<Schemas["Jwk"]["x"]>,
  Says<Schemas["LoginAnswer"]["user"]["email"]>,
  Says<Schemas["LoginAnswer"]["referral"]>,
  Says<Schemas["Export"]["pin"]>,
] = ["invalid-code", "x", null, "activated", null];

export async function mistakes(auth: PhoneAuth, problem: Problem) {
  // @ts-expect-error: no code is spelt so
  if (problem.code === "invalid_code") return;
  // @ts-expect-error: not every problem has it
  const left: number = problem.attempts_left;
  // @ts-expect-error: the body lacks the code
  await auth.client.POST("/api/v1/auth/verify", { body: { challenge_token: "" } });
  // @ts-expect-error: there is no such path
  await auth.client.GET("/api/v1/profiles");
  // @ts-expect-error: a session is ended by its id
  await auth.client.DELETE("/api/v1/sessions/{id}");
  // @ts-expect-error: a token or word that it is in the cookie
  await auth.client.POST("/api/v1/auth/refresh", { body: {} });
  // @ts-expect-error: one of three words
  await auth.client.POST("/api/v1/auth/logout", { body: { scope: "everything" } });
  const profile = accepted(await auth.client.GET("/api/v1/profile"));
  // @ts-expect-error: may be null
  const name: string = profile.first_name;
  return [left, name];
}
