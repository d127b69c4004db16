/**
 * The ISO 8583 library: a friendly layer (`Codec`, `Message`, `Draft`, `Deframer`) and below it the core that creates nothing
 * while it works (`MessageView`, `MessageBuilder`, `FrameView`). Dialects are data.
 */
export { Codec, type CodecOptions, type FrameParts, type MessageInput } from './codec.ts';
export { CodecError } from './codec-error.ts';
export { Deframer } from './deframer.ts';
export { Draft, type RequiredFields } from './draft.ts';
export { Message, type MessageObject, type MessagePart, type ShowOptions } from './message.ts';
export { describeMti, repeatMti, responseMti, reversalMti, type MtiWords } from './mti.ts';
export type { FieldInput, FieldInputs, FieldNumber, FieldOutput, NumericField } from './typed.ts';

export { compileFieldPlan, fieldClass, FIELD_MAX, type FieldPlan } from './plan.ts';
export { MessageView } from './message-view.ts';
export { MessageBuilder } from './message-builder.ts';
export { encodeFields } from './encode.ts';
export {
  FrameView,
  HEADER_LENGTH,
  TPDU_LENGTH,
  bodyOffset,
  frameLengthBytes,
  readFrameLength,
  sealFrame,
  swapTpdu,
} from './frame.ts';
export { divideField, mtiText, partText, subfieldAt, subfieldsOf, type SubfieldValue } from './subfields.ts';
export { checkSubfields, explainError, type Explanation } from './explain.ts';
export { Doubt } from './doubt.ts';
export { maskedPart, maskedText } from './mask.ts';
export { describeMessage, renderTree, type DescribeOptions, type Lang, type Tree, type TreeNode } from './describe.ts';
export { FastCodec, Values } from './kernel/fast-codec.ts';
export { Status, StatusText } from './status.ts';
export type {
  ChainSource,
  DialectOptions,
  DialectSource,
  FieldClass,
  FieldSource,
  FieldType,
  Framing,
  LayoutSource,
  Name,
  OptionSource,
  PartSource,
  TagSource,
  WhenSource,
} from './source.ts';
export { failed, fault, faultText, ok, type Fault, type Result } from '../fault.ts';
