// The evidence player's words; it is a page of its own, which may be opened years later without the console.
const en = {
  title: 'Evidence of a remote session',
  product: 'Product',
  engineer: 'Engineer',
  reason: 'Reason',
  ticket: 'Ticket',
  began: 'Began',
  ended: 'Ended',
  checking: 'Checking…',
  all_good: 'Unchanged since it was sealed.',
  bad: 'This recording was CHANGED.',
  not_checked: 'Not checked in full: nothing wrong was found, but this browser cannot check what has a question mark below. Use fieldline-gateway transcript verify.',
  check_frames: 'Every frame is there, in order',
  check_lines: 'Chain over every byte',
  check_said: 'Chains of what the product sent and received',
  check_heads: 'Heads that were signed while it ran',
  check_files: 'Size and SHA-256 of the files',
  check_signature: 'Signature of the gateway',
  unknown: 'this browser cannot check it',
  countersigned: 'Countersigned by the product (to check that too: fieldline-gateway transcript verify)',
  countersigned_unchecked: 'The seal says that the product countersigned; this was not checked (to check it: fieldline-gateway transcript verify)',
  not_countersigned: 'Not countersigned by the product',
  incomplete: 'The session did not end in order.',
  covered: 'Passwords and tokens are covered here. The files of this bundle hold every byte.',
  terminal: 'Terminal',
  no_terminal: 'No terminal was used.',
  frames: 'Everything, in order',
  hidden: '(hidden input, {count} bytes sealed)',
  product_by: 'product',
  gateway_by: 'gateway',
  shown_first: 'The first {shown} of {count} entries are listed.',
} as const;
export type Word = keyof typeof en;

const zh: Record<Word, string> = {
  title: '远程会话的证据',
  product: '产品',
  engineer: '工程师',
  reason: '原因',
  ticket: '工单',
  began: '开始',
  ended: '结束',
  checking: '正在检查…',
  all_good: '封存后没有被改动。',
  bad: '此录制已被改动！',
  not_checked: '未完全检查：没有发现问题，但此浏览器无法检查下面带问号的项目。请用 fieldline-gateway transcript verify。',
  check_frames: '每一帧都在，顺序正确',
  check_lines: '覆盖每个字节的哈希链',
  check_said: '产品收发内容的哈希链',
  check_heads: '进行中签署的链头',
  check_files: '文件大小与 SHA-256',
  check_signature: '网关的签名',
  unknown: '此浏览器无法检查',
  countersigned: '产品已会签（检查会签请用 fieldline-gateway transcript verify）',
  countersigned_unchecked: '封条写明产品已会签，但未经检查（请用 fieldline-gateway transcript verify 检查）',
  not_countersigned: '产品没有会签',
  incomplete: '会话没有正常结束。',
  covered: '这里遮盖了密码和令牌；证据包内的文件保留每个字节。',
  terminal: '终端',
  no_terminal: '没有使用终端。',
  frames: '全部内容（按顺序）',
  hidden: '（隐藏输入，已封存 {count} 字节）',
  product_by: '产品',
  gateway_by: '网关',
  shown_first: '列出了 {count} 条中的前 {shown} 条。',
};

const words: Record<Word, string> = navigator.language.toLowerCase().startsWith('zh') ? zh : en;
export const is_chinese = words === zh;

export function say(word: Word, values: Record<string, string | number> = {}): string {
  return words[word].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
