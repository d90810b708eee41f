// What a failure is called in the language of the page.

import { knows, said, t } from "./words.js";

/** A sentence or two for people. `place` chooses a text for one form, where the same code means another thing. */
export function problemText(problem, place) {
  return said(() => {
    for (const key of [`problem.${problem.code}.${place}`, `problem.${problem.code}`]) {
      if (knows(key)) return t(key, { count: problem.attempts_left ?? 0, ...problem });
    }
    if (problem.title) return [problem.title, problem.detail].filter(Boolean).join(". ").replace(/\.\. /g, ". ");
    return t("problem.unexpected-answer");
  });
}
