/** The kinds of wall around a sandbox process, the weakest first. What each stops is in SECURITY.md. */
export const isolationTiers = ['permissions', 'namespaces', 'bubblewrap'] as const

/** A kind of wall around a sandbox process. */
export type IsolationTier = (typeof isolationTiers)[number]

/** Whether a tier is at least as strong as another. */
export function isAtLeast(tier: IsolationTier, wanted: IsolationTier): boolean {
  return isolationTiers.indexOf(tier) >= isolationTiers.indexOf(wanted)
}
