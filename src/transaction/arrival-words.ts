/** The words of the table of answers: who acts, and two lines for the customer and two for the cashier in both languages. */

/** Who does the next thing. */
export type Who = 'customer' | 'cashier' | 'manager' | 'finance' | 'nobody';

/** A row of the table of answers. */
export type AnswerRow =
  | 'awaiting' | 'held' | 'stopped' | 'sending' | 'declined' | 'failed' | 'unknown' | 'debit' | 'credit' | 'either' | 'foreign'
  | 'holiday' | 'slow' | 'late' | 'balance' | 'lowBalance' | 'phone' | 'closed' | 'abnormal' | 'redirected' | 'cleared'
  | 'arrived' | 'manual' | 'external' | 'voided'; // prettier-ignore

/** Two lines of the screen, 16 columns each; the second may be empty. */
export type Lines = readonly [string, string];
export interface Row {
  readonly who: Who;
  readonly zh: { readonly tag: string; readonly say: Lines; readonly act: Lines };
  readonly en: { readonly tag: string; readonly say: Lines; readonly act: Lines };
}

export const WHO: Readonly<Record<Who, { readonly zh: string; readonly en: string }>> = {
  customer: { zh: '顾客', en: 'CUSTOMER' },
  cashier: { zh: '收银员', en: 'CASHIER' },
  manager: { zh: '店长', en: 'MANAGER' },
  finance: { zh: '财务', en: 'FINANCE' },
  nobody: { zh: '无', en: 'NOBODY' },
};

export const row = (
  who: Who,
  zh: readonly [tag: string, say: Lines, act: Lines],
  en: readonly [tag: string, say: Lines, act: Lines],
): Row => ({
  who,
  zh: { tag: zh[0], say: zh[1], act: zh[2] },
  en: { tag: en[0], say: en[1], act: en[2] },
});

export const WAIT_ZH: Lines = ['请顾客凭单等待,', '到期未到再来查'];
export const WAIT_EN: Lines = ['CUSTOMER WAITS', 'LATE? ASK AGAIN'];

/** Rows without numbers. */
// prettier-ignore
export const FIXED: Readonly<Record<Exclude<AnswerRow, 'declined' | 'debit' | 'credit' | 'either' | 'foreign' | 'holiday' | 'slow' | 'balance'>, Row>> = {
  awaiting: row('manager', ['待复核', ['店内审核未完成,', '请经理先复核'], ['请店长复核', '本笔退货']], ['TO APPROVE', ['SHOP HAS NOT', 'APPROVED IT YET'], ['MANAGER MUST', 'APPROVE IT']]),
  held: row('manager', ['待发送', ['尚未发出,经理可', '立即发送或止付'], ['店长可立即发送', '或止付']], ['ON HOLD', ['NOT SENT YET', 'CAN BE STOPPED'], ['MANAGER CAN SEND', 'OR STOP IT NOW']]),
  stopped: row('cashier', ['已止付', ['本笔未发出,如需', '退款请重新办理'], ['核对后重新办理', '退货']], ['STOPPED', ['NOTHING WAS SENT', 'ASK FOR NEW ONE'], ['IF RIGHT, MAKE', 'A NEW REFUND']]),
  sending: row('cashier', ['发送中', ['正在发送给银行,', '请稍候'], ['等待结果,', '切勿重复退货']], ['SENDING', ['BEING SENT TO', 'THE BANK NOW'], ['WAIT FOR RESULT', 'DO NOT REPEAT']]),
  failed: row('cashier', ['未发出', ['没有发出,款项未', '动,请重新办理'], ['检查网络后重新', '办理退货']], ['NOT SENT', ['IT DID NOT LEAVE', 'DO IT AGAIN'], ['CHECK THE LINE', 'THEN REFUND ANEW']]),
  unknown: row('manager', ['待查', ['银行没有应答,', '正在核实勿重复退'], ['致电收单机构,', '由主管登记答复']], ['UNKNOWN', ['NO BANK ANSWER', 'BEING CHECKED'], ['CALL ACQUIRER', 'SUPV ENTERS IT']]),
  late: row('customer', ['超时', ['请凭参考号致电', '发卡行查询'], ['给顾客参考号,', '并由财务立案']], ['OVERDUE', ['CALL CARD BANK', 'GIVE REF NUMBER'], ['GIVE REFERENCE', 'FINANCE: CASE']]),
  lowBalance: row('finance', ['处理中', ['商户余额不足,', '充值后自动完成'], ['请财务充值,', '不要换单号重退']], ['PENDING', ['SHOP ACCOUNT LOW', 'DONE AFTER TOPUP'], ['FINANCE TOPS UP', 'KEEP THE NUMBER']]),
  phone: row('customer', ['处理中', ['请查手机绑定的', '银行卡账单'], ['请顾客查绑定卡,', '不是手机余额']], ['PENDING', ['SEE BANK CARD', 'BEHIND THE PHONE'], ['SHOW WHICH CARD', 'THE PHONE USED']]),
  closed: row('finance', ['已关闭', ['超7天未完成,', '需换新单号重退'], ['请财务充值后', '用新单号重退']], ['CLOSED', ['7 DAYS NOT DONE', 'NEW NUMBER SOON'], ['FINANCE TOPS UP', 'REFUND ANEW']]),
  abnormal: row('finance', ['退款异常', ['原卡已注销或冻结', '需登记新收款卡'], ['登记新收款账户,', '交财务改退']], ['ABNORMAL', ['CARD IS CLOSED', 'GIVE ANOTHER ONE'], ['NOTE NEW ACCOUNT', 'FINANCE SENDS']]),
  redirected: row('customer', ['已改退', ['已改退到新账户,', '请留意新账户'], ['请顾客查新账户', '']], ['REDIRECTED', ['SENT TO YOUR', 'OTHER ACCOUNT'], ['CUSTOMER CHECKS', 'THE NEW ACCOUNT']]),
  cleared: row('customer', ['已清算', ['已交银行入账,', '通常当日可见'], ['请顾客查银行', '应用或账单']], ['CLEARED', ['BANK HAS IT', 'USUALLY TODAY'], ['CUSTOMER CHECKS', 'THE BANK APP']]),
  arrived: row('nobody', ['已到账', ['款项已到账,', '感谢配合'], ['无需处理', '']], ['ARRIVED', ['MONEY IS THERE', 'THANK YOU'], ['NOTHING TO DO', '']]),
  manual: row('finance', ['人工处理', ['已转人工核实,', '请留联系电话'], ['记下顾客电话,', '由财务跟进']], ['BY HAND', ['STAFF IS ON IT', 'LEAVE YOUR PHONE'], ['NOTE THE PHONE', 'FINANCE FOLLOWS']]),
  external: row('customer', ['另行退款', ['已用其他方式退,', '原卡不再入账'], ['请顾客查收款方', '式,勿再退卡']], ['OTHER WAY', ['PAID ANOTHER WAY', 'NOT TO THE CARD'], ['CUSTOMER CHECKS', 'NO CARD REFUND']]),
  voided: row('customer', ['已撤销', ['原扣款已解除,', '不会另有入账'], ['请顾客查原扣款', '是否已解除']], ['VOIDED', ['CHARGE RELEASED', 'NO EXTRA CREDIT'], ['CUSTOMER CHECKS', 'THE OLD CHARGE']]),
};
