/** Why something could not be fetched from its URL. */
export type UrlRefusalCode =
  'INVALID_URL' | 'ADDRESS_REFUSED' | 'TOO_LARGE' | 'TIMEOUT' | 'HTTP_STATUS' | 'TOO_MANY_REDIRECTS' | 'UNREACHABLE';

/**
 * A URL that is not fetched; the message names the limit and the value, `details` holds both. Neither ever says which
 * address a host name stands for: the caller could map a private network with that.
 */
export class UrlRefusal extends Error {
  readonly code: UrlRefusalCode;
  readonly details: Record<string, unknown>;

  constructor(code: UrlRefusalCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.name = 'UrlRefusal';
    this.code = code;
    this.details = details;
  }
}
