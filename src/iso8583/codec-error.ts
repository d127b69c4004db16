import { faultText, type Fault } from '../fault.ts';

/**
 * What the throwing conveniences of the codec throw: a {@link Fault} in the shape of an exception, for programs that let
 * exceptions report bad input. Neither `message` nor `fault` holds card data.
 */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(faultText(fault));
    this.fault = fault;
  }
}
