export type Lang = 'zh' | 'en';

/** Exit statuses of `replay`, for CI. */
export const ReplayExit = {
  /** All equal, all wanted values met; at the acquirer: every answer came, with the code of the recording. */
  equal: 0,
  different: 1,
  usage: 2,
  /** The file cannot be read, or holds nothing to replay. */
  unreadable: 3,
} as const;

export const WORDS = {
  zh: {
    messages: '报文',
    equal: '一致',
    different: '不一致',
    undecodable: '无法解析',
    macs: 'MAC',
    right: '正确',
    wrong: '错误',
    unchecked: '未校验 (卡数据已替换, 或形式不同)',
    fillers: '填充半字节与规范不同 (按原值比较)',
    skipped: '不在范围内',
    missed: '期望值不符',
    unused: '没有报文用到的期望值',
    troubles: '文件中无法读取之处',
    hint: '第一条无法解析的报文可用以下选项解析',
    first: '首批差异',
    message: '报文',
    field: '域',
    offset: '偏移',
    type: '类型',
    bytes: '字节',
    seconds: '秒',
  },
  en: {
    messages: 'messages',
    equal: 'equal',
    different: 'different',
    undecodable: 'not decodable',
    macs: 'MACs',
    right: 'right',
    wrong: 'wrong',
    unchecked: 'not checked (their card data was replaced, or they have another form)',
    fillers: 'with another filler than the dialect writes (compared with their own)',
    skipped: 'outside of the range',
    missed: 'wanted values not met',
    unused: 'wanted values that no message was asked for',
    troubles: 'places of the file that could not be read',
    hint: 'the first message that did not decode does so with',
    first: 'first differences',
    message: 'message',
    field: 'field',
    offset: 'offset',
    type: 'type',
    bytes: 'bytes',
    seconds: 's',
  },
} as const;
