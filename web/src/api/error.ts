import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];

// What went wrong, as every caller sees it: the server's problem details, or what happened on the way to it.
//   code "offline"       the server was not reached (status 0)
//   code "bad_answer"    something else than our server answered
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly todo: string;
  readonly args: Record<string, string>;
  readonly requestId: string;
  readonly retryAfterSeconds: number | null;

  constructor(fields: {
    status: number;
    code: string;
    title?: string;
    todo?: string;
    args?: Record<string, string>;
    requestId?: string;
    retryAfterSeconds?: number | null;
  }) {
    super(fields.title || fields.code);
    this.name = "ApiError";
    this.status = fields.status;
    this.code = fields.code;
    this.title = fields.title ?? "";
    this.todo = fields.todo ?? "";
    this.args = fields.args ?? {};
    this.requestId = fields.requestId ?? "";
    this.retryAfterSeconds = fields.retryAfterSeconds ?? null;
  }

  static async from(response: Response): Promise<ApiError> {
    const requestId = response.headers.get("X-Request-Id") ?? "";
    const retry = Number(response.headers.get("Retry-After"));
    const retryAfterSeconds = Number.isFinite(retry) && retry > 0 ? retry : null;
    const type = response.headers.get("Content-Type") ?? "";
    if (type.includes("json")) {
      try {
        const problem = (await response.json()) as Partial<Problem>;
        if (typeof problem.code === "string") return ApiError.of(problem as Problem, { status: response.status, requestId, retryAfterSeconds });
      } catch {
        // not what it claims to be
      }
    }
    return new ApiError({ status: response.status, code: "bad_answer", requestId, retryAfterSeconds });
  }

  // Of problem details inside an answer: an import that failed.
  static of(problem: Problem, more: { status?: number; requestId?: string; retryAfterSeconds?: number | null } = {}): ApiError {
    return new ApiError({
      status: problem.status ?? more.status ?? 0,
      code: problem.code,
      // The detail names the particulars; the title is the same for all of a kind.
      title: problem.detail || problem.title,
      todo: problem.todo ?? "",
      args: problem.args ?? {},
      requestId: problem.request_id ?? more.requestId ?? "",
      retryAfterSeconds: more.retryAfterSeconds ?? null,
    });
  }

  // The field that is wrong, where the server names one.
  get field(): string | undefined {
    return this.args.field;
  }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({ status: 0, code: "program_fault", title: error instanceof Error ? error.message : String(error) });
}
