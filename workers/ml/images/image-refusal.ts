/** Why a picture was refused. */
export type ImageRefusalCode =
  | 'EMPTY'
  | 'TOO_LARGE'
  | 'UNSUPPORTED_FORMAT'
  | 'UNREADABLE'
  | 'EDGE_TOO_LONG'
  | 'ASPECT_TOO_EXTREME'
  | 'TOO_MANY_PIXELS';

/** A picture that is not accepted; the message names the limit and the value, `details` holds both. */
export class ImageRefusal extends Error {
  readonly code: ImageRefusalCode;
  readonly details: Record<string, unknown>;

  constructor(code: ImageRefusalCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.name = 'ImageRefusal';
    this.code = code;
    this.details = details;
  }
}
