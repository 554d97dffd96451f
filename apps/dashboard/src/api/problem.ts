/** What a field of a form was refused for. */
export interface FieldProblem {
  field: string;
  detail: string;
}

/** A call that did not do what it was for. `message` is what our API says, in words that may be shown. */
export class ApiProblem extends Error {
  constructor(
    message: string,
    /** 0: no answer came. */
    readonly status: number,
    /** `errorCode` of the Management API, the end of `type` of the My Account API. */
    readonly code: string,
    readonly fields: readonly FieldProblem[] = [],
  ) {
    super(message);
    this.name = 'ApiProblem';
  }

  /** Whether the same call may do better in a moment. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

/** Both APIs' shapes of an error; whatever else comes is said by its status. */
export async function problemOf(answer: Response): Promise<ApiProblem> {
  const body = await answer.json().then(asRecord, () => asRecord(null));
  const said = [body['message'], body['detail'], body['error_description']].find((one) => typeof one === 'string');
  const named = typeof body['type'] === 'string' ? body['type'].split('/').at(-1) : body['errorCode'];
  const fields = fieldsOf(body['validation_errors']);
  return new ApiProblem(
    typeof said === 'string' && said !== '' ? said : `The server answered ${answer.status}.`,
    answer.status,
    typeof named === 'string' ? named : 'unknown',
    fields,
  );
}

function fieldsOf(errors: unknown): FieldProblem[] {
  if (!Array.isArray(errors)) return [];
  return errors
    .map(asRecord)
    .flatMap(({ field, pointer, detail }) =>
      typeof detail === 'string' ? [{ field: textOf(field) ?? textOf(pointer)?.replace(/^\//, '') ?? '', detail }] : [],
    );
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
