import { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerToTest } from '../../src/cli/trace/to-test.ts';
import { type Story, storyOf } from '../../src/cli/trace/to-test-story.ts';
import { failed, fault, ok } from '../../src/fault.ts';
import { compileFieldPlan } from '../../src/iso8583/plan.ts';
import { Kind, MARK_REDACTED, MARKS_AT } from '../../src/trace/kinds.ts';
import { fileOf, RecordedFile, recordsOf, sourceOf } from '../replay/recorded.ts';
import { Counter, value } from '../runtime/counter.ts';
import { play, runAgain, type Shop } from '../scenarios/incidents/incident.ts';
import { open, paidSale, paper, refund, sale } from '../scenarios/people.ts';
import { profile, source } from './trace-bench.ts';

const plan = value(compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions));
const SHOP: Shop = { profile: 'unionpay-pos', lang: 'zh', start: '2026-11-21T14:00:00Z', onDuty: true };

/** As a counter writes it: marked as redacted. */
function marked(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[MARKS_AT] |= MARK_REDACTED;
  return copy;
}

/** A sale, and its refund that the acquirer refuses. */
function refused(): Uint8Array {
  const file = new RecordedFile();
  const c = open({ recording: () => file.recorder(), rules: [{ match: { mti: '0220' }, do: { code: '51' } }] });
  refund(paidSale(c, 10_000), 2, 3_000).on('余额不足', 'CANCEL').on('确认键:菜单');
  c.stop();
  c.pause(5);
  return marked(file.bytes());
}

/** Two sessions: the program is killed after a sale, its refund comes in the second one. */
function killed(): Uint8Array {
  const file = new RecordedFile();
  const c = paidSale(open({ recording: () => file.recorder() }), 10_000);
  c.crash();
  c.start();
  paper(refund(c.on('确认键:菜单'), 2, 3_000));
  c.stop();
  c.pause(5);
  return marked(file.bytes());
}

async function run(args: readonly string[], files: Readonly<Record<string, Uint8Array>>) {
  const put = { out: '', error: '', exit: undefined as number | undefined, written: {} as Record<string, string> };
  const program = new Command().exitOverride().configureOutput({ writeErr: text => (put.error += text) });
  registerToTest(program.command('trace'), {
    loadProfile: () => ok(profile),
    dialectNames: () => [],
    openSource: path =>
      path in files
        ? ok(source(files[path]))
        : failed(fault('E_NOEXIST', 'source-missing', `${path} is not there`, 'Check')),
    local: () => ({ year: 2026, month: 11, day: 21, hour: 14, minute: 0, second: 0 }),
    after: () => undefined,
    columns: () => 120,
    isTerminal: () => false,
    onPress: () => () => undefined,
    writeFile: (path, content) => {
      put.written[path] = content.toString();
      return ok(undefined);
    },
    print: text => (put.out += `${text}\n`),
    write: text => (put.out += text),
    printError: text => (put.error += `${text}\n`),
    setExit: code => (put.exit = code),
  });
  await program.parseAsync(['trace', 'to-test', ...args], { from: 'user' });
  return put;
}

/** What a generated file says. */
function storyIn(text: string): Story {
  const [, rows] = /const STORY: Story = (\[[^]*?\n\]);/.exec(text) ?? [];
  return new Function(`return ${rows};`)() as Story;
}

describe('an incident becomes a test', () => {
  let bytes: Uint8Array;
  let story: Story;
  beforeAll(() => {
    bytes = refused();
    story = storyOf(sourceOf(bytes), plan)?.story ?? [];
  });

  test('it reads like a story and has no card data', async () => {
    const { exit, out } = await run(['a.p85t'], { 'a.p85t': bytes });
    expect(exit).toBe(0);
    expect(out).toContain(
      "const SHOP = { profile: 'unionpay-pos', lang: 'zh', start: '2026-11-21T14:00:00Z', onDuty: true } as const;",
    );
    const lines = out.split('\n').map(line => line.trim());
    const at = lines.findIndex(line => line.startsWith("['sends', '0220'"));
    expect(lines.slice(at - 8, at)).toEqual([
      "['presses', '3 0 0 0 ENTER'],",
      "['shows', '退货', '请稍候...'],",
      "['shows', '退货', '请确认退货金额:', '           30.00', '确认-是 取消-改'],",
      "['presses', 'ENTER'],",
      "['shows', '请选退货原因', '1质量 2错发少发', '3不想要 4价格错', '5重复付 6其他'],",
      "['presses', '1'],",
      "['shows', '退货', '请稍候...'],",
      "['shows', '退货', '已连接,处理中...', '请稍候      #秒'],",
    ]);
    expect(lines[at]).toContain("{ 3: '200000', 4: '000000003000', 11: '000003'");
    expect(lines.slice(at + 1, at + 3)).toEqual([
      "['hears', '0230', { 4: '000000003000', 39: '51' }],",
      "['shows', '退货', '[51]余额不足', '请换卡或付现', '按任意键返回'],",
    ]);
    expect(out).toContain("['presses', '* * * * * * ENTER'],");
    expect(out).toContain("['PIN', 'typed'],");
    expect(out).toContain("['card', 'swiped', '622500*0014'],");
    expect(out).not.toMatch(/6225000000000014|622500\d{6}0014|123456'|246810/);
  });

  test('played at a counter of this program it is the same', async () => {
    const { written, out } = await run(['a.p85t', '-o', 'b.test.ts', '--name', "it's refused"], { 'a.p85t': bytes });
    expect(out).toMatch(/b\.test\.ts: \d+ lines, played with the simulators/);
    expect(written['b.test.ts']).toContain("test('it\\'s refused', () => {");
    expect(storyIn(written['b.test.ts'])).toEqual(story);
    expect(play(SHOP, story)).toEqual(story);
  });

  test('a new shop: the cashier logs on with the published password and changes it; by chip, no answer, a reversal', async () => {
    const file = new RecordedFile();
    const c = new Counter({
      onDuty: false,
      recording: () => file.recorder(),
      rules: [{ match: { mti: '0200' }, do: { silent: true } }],
    });
    c.on('未签到', 'ENTER').on('请输入操作员号').type('01').on('请输入操作员密码').type('0000');
    c.on('请输入新密码').type('2580').on('请再输一次').type('2580').on('签到成功', 'ENTER');
    sale(c, 10_000, 'chip').on('请取走卡片').remove().on('确认键:菜单');
    c.stop();
    c.pause(5);
    const { out } = await run(['e.p85t'], { 'e.p85t': marked(file.bytes()) });
    expect(out).toContain('onDuty: false');
    expect(out).toMatch(/'sends', '0200'[^]*'sends', '0400'/);
    const told = storyIn(out);
    expect(play({ ...SHOP, onDuty: false }, told)).toEqual(told);
  });

  test('another behaviour is another story: of the acquirer, of the rules, of a screen', () => {
    const other = story.map(line =>
      line[0] === 'hears' && line[2][39] === '51' ? (['hears', line[1], { ...line[2], 39: '05' }] as const) : line,
    );
    const played = play(SHOP, other);
    expect(played).not.toEqual(other);
    expect(played.some(line => line[0] === 'shows' && line[2] === '[05]持卡人认证败')).toBe(true);
    expect(play({ ...SHOP, lang: 'en' }, story)).not.toEqual(story);
    const missing = story.filter(line => !(line[0] === 'shows' && line[1] === '请选退货原因'));
    const [last] = play(SHOP, missing).slice(-1);
    expect(play(SHOP, missing)).not.toEqual(missing);
    expect(last[0]).toBe('ends');
  });

  test('with transactions before it the very session is run again', async () => {
    const file = killed();
    const { written } = await run(['c.p85t', '--session', '2', '-o', 'c.test.ts'], { 'c.p85t': file });
    const text = written['c.test.ts'];
    expect(text).toContain('run again, not only its story: the journal had transactions or settings before it');
    const packed = [...text.matchAll(/^ {2}'([A-Za-z0-9+/=]+)',$/gm)].map(([, row]) => row).join('');
    const again = runAgain(packed);
    expect(again.difference).toBe('');
    expect(again.story).toEqual(storyIn(text));
    expect(again.story.some(line => line[0] === 'sends' && line[1] === '0220')).toBe(true);
  });

  test('a session in which the program did something else gives the difference', async () => {
    const changed = recordsOf(bytes).map(record =>
      record.kind === Kind.screen && Buffer.from(record.bytes).includes('余额不足')
        ? { ...record, bytes: Uint8Array.from(Buffer.from(record.bytes.map(byte => (byte === 0x35 ? 0x36 : byte)))) }
        : record,
    );
    const { written } = await run(['d.p85t', '--exact', '-o', 'd.test.ts'], { 'd.p85t': marked(fileOf(changed)) });
    const packed = [...written['d.test.ts'].matchAll(/^ {2}'([A-Za-z0-9+/=]+)',$/gm)].map(([, row]) => row).join('');
    expect(runAgain(packed).difference).toMatch(/^record \d+, .*\[61\].*\[51\]/s);
  });

  test('refusals: no such session, no number, standard input, a trace that is not redacted', async () => {
    const files = { 'a.p85t': bytes, 'raw.p85t': fileOf(recordsOf(bytes)) };
    expect((await run(['a.p85t', '--session', '9'], files)).error).toContain('no-session');
    expect((await run(['a.p85t', '--session', 'x'], files)).error).toContain('session-number');
    expect((await run(['-'], files)).error).toContain('no-file');
    expect((await run(['none.p85t'], files)).error).toContain('source-missing');
    expect((await run(['raw.p85t', '--exact'], files)).error).toContain('not-redacted');
    expect((await run(['a.p85t', '--session', '9'], files)).exit).toBe(2);
  });
});
