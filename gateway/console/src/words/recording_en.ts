// English, of recordings that are kept: what is there, what is held back from retention.
export const recording_en = {
  'recording.running': 'being recorded',
  'recording.complete': 'complete',
  'recording.hole': 'has a hole',
  'recording.unsealed': 'not sealed',
  'recording.missing': 'MISSING: files are gone',
  'recording.removed': 'removed {date}, its time was over',
  'recording.countersigned': 'countersigned',
  'recording.not_countersigned': 'not countersigned',
  'recording.held': 'Held by {who}: {reason}',
  'recording.hold': 'Hold',
  'recording.hold_title': 'Hold this recording',
  'recording.hold_explain': 'A recording that is held is not removed when its time is over, until somebody releases it.',
  'recording.hold_reason': 'Why?',
  'recording.release': 'Release',
  'recording.bundle': 'Evidence',
  'recording.bundle_title': 'Everything that proves what happened, as one file',
} satisfies Record<string, string>;
