// A text of a request: something in it, and no more than is looked at.
import * as v from "valibot";

const MAX_LENGTH = 1_000;

export const text = v.pipe(
  v.string("must be text"),
  v.check((value) => value.trim() !== "", "must not be empty"),
  v.maxLength(MAX_LENGTH, `may have ${MAX_LENGTH} characters at most`),
);
