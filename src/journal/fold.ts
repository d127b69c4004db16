import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { keptReference } from './guard.ts';
import { FIRST_OPERATORS, KIND_RULES } from './money.ts';
import type { Body } from './read.ts';
import { Settings } from './settings.ts';
import { ARM_REVERSAL, CLEAR_ARMED, FOLDED, FOLDED_SQL } from './tables.ts';
import { Turns } from './turns.ts';
import type { TxnKind } from './types.ts';

/**
 * The one place where a record changes the folded tables. It looks at nothing but the record and the tables (no policy,
 * no clock), so that the same records give the same tables at any time.
 */
export class Fold {
  /** How often each table was written. */
  readonly turns = new Turns();
  readonly settings = new Settings(
    name => this.statement('SELECT value FROM setting WHERE name = ?').get(name)?.value as string | undefined,
  );
  private readonly db: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  /** The setting of the merchants, and what it says. */
  private known: { readonly text: string; readonly merchants: ReadonlySet<string> } = {
    text: '',
    merchants: new Set(),
  };

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  /** Makes the empty tables of a new journal; throws away older ones. */
  begin(): void {
    this.db.exec('PRAGMA defer_foreign_keys = ON');
    for (const table of FOLDED) this.db.exec(`DROP TABLE IF EXISTS ${table.name}`);
    this.statements.clear();
    this.settings.forget();
    this.turns.all();
    this.db.exec(FOLDED_SQL);
    for (const no of FIRST_OPERATORS) this.run('INSERT INTO operator(no, must_change) VALUES (?, 1)', no);
    this.setNumber('batch', 1);
    this.setNumber('period', 1);
    this.setNumber('trace', 0);
    this.setNumber('traces', 0);
  }

  /** Applies one record. */
  apply(seq: number, atMs: number, kind: string, body: Body): void {
    switch (kind) {
      case 'intent':
        return this.intent(seq, atMs, body);
      case 'outcome':
        return this.outcome(seq, body);
      case 'trace':
        return this.useTrace(body.trace);
      case 'reversal-try':
        return this.run('UPDATE reversal SET tries = ?, last_try_ms = ? WHERE id = ?', body.tries, atMs, body.id);
      case 'reversal-result':
        this.run(
          'UPDATE reversal SET state = ?, reason = ?, last_code = coalesce(?, last_code) WHERE id = ?',
          body.state,
          body.reason,
          body.code ?? null,
          body.id,
        );
        if (body.state === 'done') this.runTxn(body.id, "UPDATE txn SET state = 'reversed' WHERE id = ?", body.id);
        return;
      case 'reversal-held':
        return this.run("UPDATE reversal SET state = 'held' WHERE id = ?", body.id);
      case 'reversal-again':
        return this.run(
          "UPDATE reversal SET state = 'owed', tries = 0, released_by = ? WHERE id = ?",
          body.released ?? null,
          body.id,
        );
      case 'reversal-resolved':
        this.run("UPDATE reversal SET state = 'done' WHERE id = ?", body.id);
        if (body.result === 'approved') this.approve(seq, body);
        else this.runTxn(body.id, "UPDATE txn SET state = 'reversed', answer_seq = ? WHERE id = ?", seq, body.id);
        return;
      case 'terminal-released':
        return this.run("UPDATE reversal SET released_by = ? WHERE state = 'held' AND released_by IS NULL", body.by);
      case 'refund-resolved':
        return this.refundResolved(seq, body);
      case 'signed-on':
        return this.signedOn(atMs, body);
      case 'signed-off':
        return this.set('signedOn', '0');
      case 'operator-added':
        return this.run(
          'INSERT OR REPLACE INTO operator(no, salt, hash, must_change) VALUES (?, ?, ?, 1)',
          body.no,
          bytes(body.salt),
          bytes(body.hash),
        );
      case 'operator-removed':
        this.run('DELETE FROM operator WHERE no = ?', body.no);
        // The next person with this number has passed nothing.
        return this.unset(`trained.${body.no}`);
      case 'training':
        return body.passed ? this.set(`trained.${body.operator}`, String(seq)) : undefined;
      case 'operator-password':
        return this.run(
          'UPDATE operator SET salt = ?, hash = ?, must_change = ?, failures = 0, blocked_from_ms = 0, block_ms = 0 WHERE no = ?',
          bytes(body.salt),
          bytes(body.hash),
          body.mustChange ? 1 : 0,
          body.no,
        );
      case 'operator-failures':
        return this.run(
          'UPDATE operator SET failures = ?, blocked_from_ms = ?, block_ms = ? WHERE no = ?',
          body.failures,
          body.blockMs > 0 ? atMs : 0,
          body.blockMs,
          body.no,
        );
      case 'slip':
        return this.run('INSERT INTO slip(id, txn_id, kind) VALUES (?, ?, ?)', seq, body.txnId ?? null, body.kind);
      case 'reprint':
        return this.run('UPDATE slip SET reprints = reprints + 1 WHERE id = ?', body.slipId);
      case 'operator-on':
        return this.set('operator', body.operator ?? '');
      case 'operator-off':
        return this.unset('operator');
      case 'locked':
        return this.set('locked', body.operator ?? body.by ?? '');
      case 'unlocked':
        return this.unset('locked');
      case 'terminal':
        if (body.changed !== undefined) this.set('terminalChanged', String(seq));
        return this.set('terminal', String(seq));
      case 'terminal-acknowledged':
        return this.setting('terminalChanged') === String(body.id) ? this.unset('terminalChanged') : undefined;
      case 'flash':
        return body.outcome === 'flashed' ? this.set('flashed', String(seq)) : undefined;
      case 'refunds-frozen':
        return this.set('refundsFrozen', String(seq));
      case 'refunds-freed':
        return this.unset('refundsFrozen');
      case 'entry':
        return this.setNumber(`entry.${body.request}`, seq);
      default:
        this.refundDesk(seq, atMs, kind, body);
        return this.settlement(seq, atMs, kind, body);
    }
  }

  /** Holds, money given back by another way, where accepted refunds are, cases, notices. */
  private refundDesk(seq: number, atMs: number, kind: string, body: Body): void {
    switch (kind) {
      case 'refund-held':
        return this.run(
          `INSERT INTO hold(id, at_ms, state, until_ms, amount_minor, channel, operator, token, original_id, original_reference, original_date)
           VALUES (?, ?, 'held', ?, ?, ?, ?, ?, ?, ?, ?)`,
          seq,
          atMs,
          body.untilMs,
          body.amountMinor,
          body.channel ?? 'card',
          body.operator,
          body.card?.token ?? null,
          ...originalColumns(body.original),
        );
      case 'refund-stopped':
        return this.run("UPDATE hold SET state = 'stopped', stopped_seq = ? WHERE id = ?", seq, body.id);
      case 'refund-external':
        return this.run(
          'INSERT INTO external_refund(id, at_ms, amount_minor, operator, original_id, original_reference, original_date) VALUES (?, ?, ?, ?, ?, ?, ?)',
          seq,
          atMs,
          body.amountMinor,
          body.operator,
          ...originalColumns(body.original),
        );
      case 'refund-life':
        // The channel never paid it: what it took from its sale is free again. Nothing follows on `closed`.
        if (body.state === 'closed') {
          const refund = this.statement('SELECT amount_minor, original_id FROM txn WHERE id = ?').get(body.id);
          if (refund) this.refunded(refund.original_id, -Number(refund.amount_minor));
        }
        return this.run('INSERT OR REPLACE INTO life(id, state, seq) VALUES (?, ?, ?)', body.id, body.state, seq);
      case 'case-opened':
        return this.run(
          "INSERT INTO incident(id, about, state, due_ms) VALUES (?, ?, 'open', ?)",
          seq,
          body.about,
          body.dueMs,
        );
      case 'case-closed':
        return this.run("UPDATE incident SET state = 'closed' WHERE id = ?", body.caseId);
      case 'notices-on':
        return this.setNumber('noticed', seq);
      case 'notice':
        this.setNumber('noticed', body.because);
        return this.run("INSERT INTO notice(id, about, state) VALUES (?, ?, 'waiting')", seq, body.about);
      case 'notice-tried':
        return this.run(
          'UPDATE notice SET tries = tries + 1, state = ? WHERE id = ?',
          body.delivered ? 'delivered' : 'waiting',
          body.id,
        );
    }
  }

  private settlement(seq: number, atMs: number, kind: string, body: Body): void {
    switch (kind) {
      case 'settlement-requested':
        return this.run(
          "INSERT INTO settlement(id, at_ms, period, batch, stage, totals) VALUES (?, ?, ?, ?, 'requested', ?)",
          seq,
          atMs,
          body.period,
          body.batch,
          JSON.stringify(body.totals),
        );
      case 'settlement-answered':
        return this.run(
          "UPDATE settlement SET stage = 'answered', flags = ? WHERE id = ?",
          JSON.stringify(body.flags),
          body.id,
        );
      case 'settlement-cursor':
        return this.run(
          "UPDATE settlement SET stage = 'uploading', cursor = ? WHERE id = ?",
          JSON.stringify(body.cursor),
          body.id,
        );
      case 'settlement-ended':
        return this.run("UPDATE settlement SET stage = 'ended', items = ? WHERE id = ?", body.items, body.id);
      case 'settlement-cancelled':
        return this.run("UPDATE settlement SET stage = 'cancelled' WHERE id = ?", body.id);
      case 'batch-closed':
        this.run("UPDATE settlement SET stage = 'closed', new_batch = ? WHERE id = ?", body.newBatch, body.id);
        return this.openBatch(body.newBatch, body.period);
    }
  }

  private intent(seq: number, atMs: number, body: Body): void {
    const rule = KIND_RULES[body.kind as TxnKind];
    const original = body.original;
    this.runTxn(
      seq,
      `INSERT INTO txn(id, at_ms, kind, act, state, period, batch, trace, amount_minor, operator, token, original_id,
       original_reference, original_date, channel, organisation)
       VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce((SELECT organisation FROM txn WHERE id = ?), 'CUP'))`,
      seq,
      atMs,
      body.kind,
      rule.act,
      body.period,
      body.batch,
      body.trace,
      body.amountMinor,
      body.operator,
      body.card?.token ?? null,
      ...originalColumns(original),
      body.channel ?? 'card',
      // Totals are kept for each card organisation, and a person who enters an outcome does not know it.
      original?.txnId ?? null,
    );
    if (body.heldId !== undefined)
      this.run("UPDATE hold SET state = 'sent', txn_id = ? WHERE id = ?", seq, body.heldId);
    if (rule.reversible) this.run(ARM_REVERSAL, seq);
    this.useTrace(body.trace);
    this.knowMerchant(body.mid);
  }

  private outcome(seq: number, body: Body): void {
    if (body.result === 'approved') return this.approve(seq, body);
    this.runTxn(body.id, 'UPDATE txn SET state = ?, answer_seq = ? WHERE id = ?', body.result, seq, body.id);
    if (body.result === 'unknown')
      this.run("UPDATE reversal SET state = 'owed', reason = ? WHERE id = ?", body.reason ?? '98', body.id);
    else this.run("UPDATE reversal SET state = 'cleared' WHERE id = ?", body.id);
    // Nothing left the terminal: a held refund is held as before.
    if (body.result === 'failed') this.run("UPDATE hold SET state = 'held', txn_id = NULL WHERE txn_id = ?", body.id);
  }

  private approve(seq: number, body: Body): void {
    this.runTxn(
      body.id,
      `UPDATE txn SET state = 'approved', answer_seq = ?, amount_minor = coalesce(?, amount_minor),
       reference = coalesce(?, reference), host_date = coalesce(?, host_date), pay_order = coalesce(?, pay_order), organisation = coalesce(?, organisation)
       WHERE id = ?`,
      seq,
      body.amountMinor ?? null,
      body.reference === undefined ? null : keptReference(body.reference),
      body.hostDate ?? null,
      body.order ?? null,
      body.organisation ?? null,
      body.id,
    );
    this.run(CLEAR_ARMED, body.id);
    const undoing = this.statement("SELECT act, amount_minor, original_id FROM txn WHERE id = ? AND act <> 'sale'").get(
      body.id,
    );
    if (undoing?.act === 'void')
      this.runTxn(
        undoing.original_id,
        "UPDATE txn SET state = 'voided', voided_by = ? WHERE id = ?",
        body.id,
        undoing.original_id,
      );
    if (undoing?.act === 'refund') this.refunded(undoing.original_id, undoing.amount_minor);
  }

  /** A refund over this money was accepted, or (below zero) was not paid after all. Its original may be of another journal. */
  private refunded(originalId: SQLOutputValue, amountMinor: SQLOutputValue): void {
    this.runTxn(originalId, 'UPDATE txn SET refunded_minor = refunded_minor + ? WHERE id = ?', amountMinor, originalId);
  }

  private refundResolved(seq: number, body: Body): void {
    if (body.decision === 'accepted') return this.approve(seq, body);
    if (body.decision === 'resend')
      this.runTxn(
        body.id,
        "UPDATE txn SET state = 'open', resends = resends + 1, answer_seq = ? WHERE id = ?",
        seq,
        body.id,
      );
    else this.runTxn(body.id, "UPDATE txn SET state = 'failed', answer_seq = ? WHERE id = ?", seq, body.id);
  }

  private signedOn(atMs: number, body: Body): void {
    this.set('session', JSON.stringify({ ...body, atMs }));
    this.set('signedOn', '1');
    if (body.mid) this.knowMerchant(body.mid);
    if (body.period === Number(this.setting('period'))) return;
    // The acquirer has closed the batch although its answer to the batch end never came.
    this.run(
      "UPDATE settlement SET stage = 'closed', new_batch = ? WHERE stage IN ('requested', 'answered', 'uploading', 'ended')",
      body.batch,
    );
    this.openBatch(body.batch, body.period);
  }

  private openBatch(batch: number, period: number): void {
    this.setNumber('batch', batch);
    this.setNumber('period', period);
    this.setNumber('traces', 0);
  }

  private useTrace(trace: number): void {
    this.setNumber('trace', trace);
    this.setNumber('traces', Number(this.setting('traces')) + 1);
  }

  /** Merchant numbers are public, and the guard must know them: 15 digits can look like a card number. */
  merchants(): ReadonlySet<string> {
    const text = this.setting('merchants') ?? '[]';
    if (text !== this.known.text) this.known = { text, merchants: new Set(JSON.parse(text) as string[]) };
    return this.known.merchants;
  }

  private knowMerchant(mid: string): void {
    const known = this.merchants();
    if (!known.has(mid)) this.set('merchants', JSON.stringify([...known, mid]));
  }

  private setting(name: string): string | undefined {
    return this.settings.value(name);
  }

  private setNumber(name: string, value: number): void {
    this.set(name, String(value));
  }

  private set(name: string, value: string): void {
    this.run(
      'INSERT INTO setting(name, value) VALUES (?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2',
      name,
      value,
    );
    this.settings.is(name, value);
  }

  private unset(name: string): void {
    this.run('DELETE FROM setting WHERE name = ?', name);
    this.settings.is(name, undefined);
  }

  /** {@link run} of a statement that makes or changes this one transaction. */
  private runTxn(id: SQLOutputValue, sql: string, ...values: SQLInputValue[]): void {
    this.turns.onTxn(id as number);
    this.run(sql, ...values);
  }

  private run(sql: string, ...values: SQLInputValue[]): void {
    this.turns.wrote(sql);
    this.statement(sql).run(...values);
  }

  private statement(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (!statement) this.statements.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }
}

/** `original_id`, `original_reference`, `original_date` of an original. */
function originalColumns(original: Body | undefined): [number | null, string | null, string | null] {
  return [
    original?.txnId ?? null,
    original?.reference === undefined ? null : keptReference(original.reference),
    original?.dateMmdd ?? null,
  ];
}

function bytes(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64');
}
