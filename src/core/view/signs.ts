/** Codicons of rules by their id: a rule keeps its sign in every view. Others show their severity's. */
export const ruleIcons: { readonly [rule: string]: string } = {
  'broken-row': 'error',
  'empty-field': 'circle-slash',
  duplicate: 'files',
  'near-duplicate': 'copy',
  leak: 'arrow-swap',
  'label-conflict': 'tag',
  'label-typo': 'edit',
  'label-error': 'tag',
  secret: 'lock',
}

/** Codicons of severities. */
export const severityIcons = { error: 'error', warning: 'warning', info: 'info' } as const
