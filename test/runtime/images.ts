import { fault } from '../../src/fault.ts';
import { loadProfile, type Profile } from '../../src/profile/profile.ts';
import { type Downgrade, type ProfileImage, signImage, verifyImage } from '../../src/profile/image.ts';
import { buildImage } from '../../src/profile/image-build.ts';
import type { ImageShelf } from '../../src/runtime/equipment.ts';
import { openSigningKey } from '../../src/security/signature.ts';
import { readShipped } from '../profile/shipped.ts';
import { value } from './counter.ts';

/** The key of whoever makes the images, and a stranger's. */
export const MAKER = openSigningKey(new Uint8Array(32).fill(3));
export const STRANGER = openSigningKey(new Uint8Array(32).fill(4));

export const SHIPPED = value(loadProfile('unionpay-pos', readShipped));

export interface ImageOptions {
  readonly version?: number;
  readonly policy?: Partial<Profile['policy']>;
  readonly models?: Profile['terminal']['models'];
  readonly id?: string;
  readonly merchantNo?: string;
  readonly downgrade?: Downgrade;
}

/** A signed image of the shipped profile with changes. */
export function image(options: ImageOptions = {}): ProfileImage {
  const { version = 7, policy = {}, models = [], id = SHIPPED.id, merchantNo = SHIPPED.merchant.merchantNo } = options;
  const profile: Profile = {
    ...SHIPPED,
    id,
    version,
    policy: { ...SHIPPED.policy, ...policy },
    terminal: { ...SHIPPED.terminal, models },
    merchant: { ...SHIPPED.merchant, merchantNo },
  };
  const bytes = buildImage(profile, options.downgrade ? { downgrade: options.downgrade } : {});
  return value(verifyImage(value(signImage(bytes, MAKER)), [MAKER.publicKey]));
}

/** A shelf in memory; `bad` files are none. */
export function shelf(images: readonly ProfileImage[], bad = 0): ImageShelf {
  const refused = Array.from({ length: bad }, (_, i) => ({
    file: `bad${i}.p8583`,
    fault: fault('E_ILLEGAL', 'image-signature', 'the signature is wrong', 'Get it again'),
  }));
  return {
    look: () => ({ images, refused }),
    find: digest => images.find(one => one.digest === digest),
  };
}
