/** Why an operator's command cannot go on; the message says what to do about it. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
}
