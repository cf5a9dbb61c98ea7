// The closed union of failures and their one switch to the wire: RFC 9457 problem+json with a stable `code`.

const STATUS = {
  invalid_json: 400,
  invalid_request: 400,
  invalid_base64: 400,
  too_many_labels: 400,
  text_not_supported: 400,
  unauthorized: 401,
  signature_invalid: 401,
  timestamp_outside_tolerance: 401,
  forbidden: 403,
  not_found: 404,
  bank_not_found: 404,
  model_not_found: 404,
  policy_not_found: 404,
  source_not_found: 404,
  batch_not_found: 404,
  method_not_allowed: 405,
  idempotency_conflict: 409,
  webhook_conflict: 409,
  batch_not_finished: 409,
  space_mismatch: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  unsupported_image: 415,
  range_not_satisfiable: 416,
  image_unreadable: 422,
  image_too_many_pixels: 422,
  text_unavailable: 422,
  remote_refused: 422,
  remote_too_large: 422,
  remote_failed: 422,
  remote_timeout: 422,
  rate_limited: 429,
  overloaded: 503,
  model_unavailable: 503,
  backend_unavailable: 503,
  pack_corrupt: 503,
  internal_error: 500,
} as const;

export type ProblemCode = keyof typeof STATUS;

/** One invalid input: `pointer` (RFC 6901) into a JSON body, or the name of a query or form `parameter`. */
export interface FieldError {
  pointer?: string;
  parameter?: string;
  message: string;
}

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  instance?: string;
  errors?: FieldError[];
}

/** Every code with the status that it is answered with. */
export const PROBLEM_STATUS: Readonly<Record<string, number>> = STATUS;
const CODES = new Set<string>(Object.keys(STATUS));
const isCode = (code: unknown): code is ProblemCode => typeof code === "string" && CODES.has(code);

interface ProblemOptions {
  errors?: FieldError[];
  retryAfter?: number;
  cause?: unknown;
}

/** A failure that a client is told about. Anything else that is thrown is a defect and answered as `internal_error`. */
export class Problem extends Error {
  override name = "Problem";
  readonly code: ProblemCode;
  readonly errors: FieldError[];
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfter = options.retryAfter ?? (code === "overloaded" ? 1 : undefined);
  }

  get status(): number {
    return STATUS[this.code];
  }

  /** Headers that belong to this failure, whatever the shape of its body. */
  get headers(): Record<string, string> {
    return this.retryAfter === undefined ? {} : { "retry-after": String(this.retryAfter) };
  }

  /** @param instance the request id */
  toDocument(instance?: string): ProblemDocument {
    const words = this.code.replaceAll("_", " ");
    return {
      type: `https://edgeclip.dev/problems/${this.code}`,
      title: words.charAt(0).toUpperCase() + words.slice(1),
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(instance ? { instance } : {}),
      ...(this.errors.length > 0 ? { errors: this.errors } : {}),
    };
  }

  toResponse(instance?: string): Response {
    const headers: Record<string, string> = { "content-type": "application/problem+json", ...this.headers };
    if (instance) headers["x-request-id"] = instance;
    return new Response(JSON.stringify(this.toDocument(instance)), { status: this.status, headers });
  }

  /** A failure of any kind as a Problem; a defect keeps its message out of the answer. */
  static from(error: unknown): Problem {
    return error instanceof Problem
      ? error
      : new Problem("internal_error", "An unexpected error. The request id finds it in the log.", { cause: error });
  }

  /** The Problem that another Worker of the collection answered with, or undefined when the response is no problem+json. */
  static async fromResponse(response: Response): Promise<Problem | undefined> {
    if (!response.headers.get("content-type")?.startsWith("application/problem+json")) return undefined;
    const document: unknown = await response.json().catch(() => undefined);
    if (typeof document !== "object" || document === null || !("code" in document) || !isCode(document.code))
      return undefined;
    return new Problem(document.code, "detail" in document ? String(document.detail) : document.code);
  }
}
