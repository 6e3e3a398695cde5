import type { EncodingFlag } from '../events/encoding.js';

/** Why an image cannot be used. */
export class ImageFault extends Error {
  readonly flag: EncodingFlag;

  constructor(flag: EncodingFlag, message: string) {
    super(message);
    this.name = 'ImageFault';
    this.flag = flag;
  }
}
