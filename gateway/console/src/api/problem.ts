// Why a request did not do what it should. Three kinds, told apart by `status`: 0 is the network (no answer came),
// 4xx is what was asked, 5xx is the gateway. `code` is the gateway's stable word, `detail` its sentence for a person.
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
  ) {
    super(`${status} ${code}: ${detail}`);
  }

  get is_network(): boolean {
    return this.status === 0;
  }
}

export function as_problem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(-1, 'console', error instanceof Error ? error.message : String(error));
}
