import { standInOf, STAND_IN_KEY_LENGTH } from '../../card/stand-in.ts';
import { failed, fault, ok, type Result } from '../../fault.ts';
import { openClock } from '../../node/clock.ts';
import { openEntropy } from '../../node/entropy.ts';
import { openHostLink } from '../../node/tcp.ts';
import { openTimers } from '../../node/timers.ts';
import { openMessages, type Peeked } from '../../trace/open.ts';
import { MessageRedactor } from '../../trace/redact-message.ts';
import type { ReplayOptions } from '../../trace/replay-messages.ts';
import type { Lexicon } from '../trace/dialect.ts';
import { collectRequests, fire, hasMac, REQUESTS_MAX, targetOf } from './acquirer.ts';
import type { FireKeys } from './fresh.ts';
import { macRuleOf, parseKeys } from './macs.ts';
import type { Beginning } from './peek.ts';
import { nothing, refuse, type ReplayFlags, type ReplayRim, unreadable } from './replay.ts';
import { type Lang, ReplayExit } from './words.ts';

export interface AcquirerReplay {
  readonly beginning: Beginning;
  readonly lexicon: Lexicon;
  readonly flags: ReplayFlags;
  readonly options: ReplayOptions;
}

const STAND_INS: Readonly<Record<Lang, string>> = {
  en: 'The card numbers of this capture are stand-ins with the first six and last four digits of real ones: only a test acquirer may see them. PINs and keys were not recorded.',
  zh: '抓包中的卡号均为替代号, 只保留真实卡号的前六后四位: 只可发往测试收单。PIN与密钥未被记录。',
};
const REPLACED: Readonly<Record<Lang, string>> = {
  en: 'This capture is not redacted: its card numbers, tracks and PIN blocks are replaced before anything is sent.',
  zh: '此抓包未脱敏: 发送前先替换其中的卡号、磁道与PIN块。',
};

/** Sends the recorded requests to a test acquirer. Resolves to the exit status. */
export async function replayToAcquirer(
  path: string,
  source: Peeked,
  { beginning, lexicon, flags, options }: AcquirerReplay,
  rim: ReplayRim,
): Promise<number> {
  const { plan, profile } = lexicon;
  const target = targetOf(
    flags.toAcquirer ?? '',
    flags.yesThisIsATestAcquirer === true,
    profile?.acquirer.routes ?? [],
  );
  if (!target.ok) return refuse(rim, target.fault, ReplayExit.usage);
  if (plan.framing.length !== 'binary')
    return refuse(
      rim,
      fault(
        'E_ILLEGAL',
        'acquirer-framing',
        'this dialect has no binary length of two bytes before its messages, which the acquirer line needs',
        'Choose another profile',
      ),
      ReplayExit.usage,
    );
  const keys = keysOf(flags, lexicon, rim);
  if (!keys.ok) return refuse(rim, keys.fault, ReplayExit.usage);
  const { format, lang, json, quiet } = flags;
  const messages = openMessages(source, { plan, framing: plan.framing, ...(format ? { format } : {}) });
  if (!messages.ok) return refuse(rim, messages.fault, ReplayExit.unreadable);
  const { requests, more } = collectRequests(messages.value, plan, options);
  if (source.fault !== undefined) return refuse(rim, unreadable(path, source.fault), ReplayExit.unreadable);
  if (requests.length === 0)
    return refuse(rim, nothing(`${path} holds no request in that range`), ReplayExit.unreadable);
  if (keys.value === undefined && requests.some(request => hasMac(request, plan)))
    return refuse(
      rim,
      fault(
        'E_ILLEGAL',
        'no-mac-key',
        'the requests carry MACs, which must be made anew',
        'Give --master-key when the capture begins with a sign-on, else --mac-key',
      ),
      ReplayExit.usage,
    );
  if (more)
    rim.printError(
      lang === 'zh' ? `只发送前 ${REQUESTS_MAX} 条请求` : `only the first ${REQUESTS_MAX} requests are sent`,
    );
  if (beginning.format !== 'own') {
    rim.printError(REPLACED[lang]);
    const key = new Uint8Array(STAND_IN_KEY_LENGTH);
    openEntropy().fill(key);
    const redactor = new MessageRedactor(plan, plan.framing, standInOf(key));
    for (const { bytes } of requests) redactor.redact(bytes, 0, bytes.length);
  }
  rim.printError(STAND_INS[lang]);
  const timers = openTimers();
  return new Promise(resolve => {
    const stop = rim.console.onStop(() => rim.console.exit(ReplayExit.different));
    fire(
      { plan, requests, keys: keys.value, perSecond: flags.rate, lang, json, quiet },
      {
        link: openHostLink([target.value]),
        timers,
        clock: openClock(),
        print: rim.print,
        printError: rim.printError,
      },
      status => {
        timers.clearAll();
        stop();
        resolve(status);
      },
    );
  });
}

/** Keys for new MACs, from the files that the flags name. */
function keysOf(flags: ReplayFlags, { profile }: Lexicon, rim: ReplayRim): Result<FireKeys | undefined> {
  const { macKey, masterKey, testPin } = flags;
  if (testPin !== undefined && (masterKey === undefined || !/^\d{4,12}$/.test(testPin)))
    return failed(
      fault(
        'E_ILLEGAL',
        'bad-test-pin',
        '--test-pin needs 4 to 12 digits, and --master-key, under which the PIN key comes',
        'Give for example --master-key tmk.txt --test-pin 123456',
      ),
    );
  if (macKey !== undefined && masterKey !== undefined)
    return failed(
      fault(
        'E_ILLEGAL',
        'two-keys',
        '--mac-key and --master-key were both given',
        'Give the one that the acquirer knows',
      ),
    );
  const path = macKey ?? masterKey;
  if (path === undefined) return ok(undefined);
  const text = rim.readText(path);
  if (!text.ok) return text;
  const keys = parseKeys(path, text.value, macKey === undefined ? '--master-key' : '--mac-key');
  if (!keys.ok) return keys;
  const [key] = keys.value;
  const rule = macRuleOf(flags.macAlgorithm ?? profile?.acquirer.macAlgorithm ?? 'unionpay-ecb');
  const needsWhole = macKey === undefined || rule.part === 'whole';
  if (keys.value.length !== 1 || (needsWhole && key.length !== 16))
    return failed(
      fault(
        'E_ILLEGAL',
        'bad-key-file',
        `${path} holds ${keys.value.length} keys of ${key.length} bytes`,
        needsWhole ? 'Write one key of 32 hex digits' : 'Write one key of 16 or 32 hex digits',
      ),
    );
  if (macKey !== undefined) return ok({ rule, mac: key });
  const pin = testPin === undefined ? {} : { testPin: Uint8Array.from(testPin, digit => digit.charCodeAt(0)) };
  return ok({ rule, master: key, ...pin });
}
