// Chinese, of recordings that are kept.
import type { recording_en } from './recording_en';

export const recording_zh: Record<keyof typeof recording_en, string> = {
  'recording.running': '正在录制',
  'recording.complete': '完整',
  'recording.hole': '有缺口',
  'recording.unsealed': '未封存',
  'recording.missing': '缺失：文件不见了',
  'recording.removed': '已于 {date} 到期删除',
  'recording.countersigned': '已会签',
  'recording.not_countersigned': '未会签',
  'recording.held': '{who} 已保留：{reason}',
  'recording.hold': '保留',
  'recording.hold_title': '保留此录制',
  'recording.hold_explain': '被保留的录制到期后不会删除，直到有人解除保留。',
  'recording.hold_reason': '为什么？',
  'recording.release': '解除保留',
  'recording.bundle': '证据包',
  'recording.bundle_title': '证明经过的全部内容，一个文件',
};
