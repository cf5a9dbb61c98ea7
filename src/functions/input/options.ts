// Options of a request before they are checked, and how an error calls one.

export interface Given {
  options: Record<string, unknown>;
  /** A JSON pointer, or a parameter of a query or a form. */
  form: "json" | "parameters";
}
