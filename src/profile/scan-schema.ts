import { z } from 'zod';

/** Scan payment of an acquirer (扫码付): which codes there are, what goes into private data elements, how long a customer may think. */

export const WALLETS = ['wechat', 'alipay', 'unionpayQr'] as const;

const name = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) });
const wallet = z.enum(WALLETS);
const prefixes = z.array(z.string().regex(/^\d{1,8}$/, '1 to 8 digits')).min(1);
const codeLength = z.int().min(8).max(32);
/** Private data elements of the UnionPay POS dialect; all others mean the same at every acquirer. */
const element = z.literal([48, 57, 59, 62]);
const tag = z
  .string()
  .regex(/^[0-9A-Z]{2}$/, 'two characters 0-9 A-Z')
  .optional()
  .describe('Tag of two characters before a length of three digits; absent: the value stands alone');

/** What a piece of a private element may hold. Only these: nothing of a profile is computed. */
export const PIECE_VALUES = ['payCode', 'order', 'wallet', 'requestNumber', 'text'] as const;

const piece = z
  .strictObject({
    element,
    tag,
    value: z
      .enum(PIECE_VALUES)
      .describe(
        'payCode: the scanned code; order: order number of the payment; wallet: its word in walletWords; ' +
          'requestNumber: terminal, batch and trace (20), the same when a request is repeated; text: `text` itself',
      ),
    text: z.string().min(1).max(40).optional(),
    wallets: z.array(wallet).min(1).optional().describe('Only for these wallets; absent: all'),
  })
  .describe('Pieces of one element follow each other in this order; a piece without a value is left out');

const place = z
  .strictObject({
    element,
    tag,
    at: z.int().min(0).max(998).optional().describe('Without tag: first character'),
    length: z.int().min(1).max(100).optional().describe('Without tag: characters; absent: up to the end'),
  })
  .describe('Where an answer holds a value');

export const INQUIRY_WORDS = [
  'paid',
  'waiting',
  'failed',
  'notFound',
  'processing',
  'arrived',
  'abnormal',
  'closed',
  'lowBalance',
] as const;

export const scanPayment = z
  .strictObject({
    codes: z
      .array(z.strictObject({ wallet, prefixes, lengthMin: codeLength, lengthMax: codeLength }))
      .min(1)
      .describe("Payers' codes (付款码): digits, told apart by their first ones"),
    orders: z
      .array(
        z.strictObject({
          wallet,
          prefixes,
          lengthMin: codeLength,
          lengthMax: codeLength,
          dateAt: z.int().min(0).max(28).describe('First digit of MMDD in the number'),
        }),
      )
      .describe('Order numbers (付款凭证码, 订单号) as they stand on slips and in the wallets'),
    walletNames: z.strictObject({ wechat: name, alipay: name, unionpayQr: name }).describe('On slips'),
    walletWords: z
      .strictObject({ wechat: z.string(), alipay: z.string(), unionpayQr: z.string() })
      .describe('What the piece "wallet" sends'),
    pieces: z.strictObject({
      sale: z.array(piece),
      reversal: z.array(piece),
      void: z.array(piece),
      refund: z.array(piece),
      inquiry: z.array(piece),
    }),
    order: place.describe('Order number in the answer to a sale or inquiry'),
    waitCodes: z
      .array(z.string().regex(/^[0-9A-Z]{2}$/))
      .describe('Values of 39 that say: the customer must confirm; asked again by inquiry'),
    inquirySeconds: z.int().min(1).max(60).describe('Between two inquiries while the customer confirms'),
    confirmSeconds: z.int().min(5).max(600).describe('Then the payment is closed by a reversal'),
    inquiry: z
      .strictObject({
        state: place.describe('State of the transaction that was asked for'),
        words: z.record(z.string().min(1).max(20), z.enum(INQUIRY_WORDS)),
        code: place.optional().describe('Its own value of 39'),
      })
      .optional()
      .describe('How an answer to qrInquiry is read; absent: this acquirer has no inquiry'),
  })
  .describe('Absent: no scan payment');
