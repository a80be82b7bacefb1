/** Kinds of isolation around a sandbox process, the weakest first. SECURITY.md describes what each stops. */
export const isolationTiers = ['permissions', 'namespaces', 'bubblewrap'] as const

/** Kind of isolation around a sandbox process. */
export type IsolationTier = (typeof isolationTiers)[number]

/** Returns whether a tier is at least as strong as another. */
export function isAtLeast(tier: IsolationTier, wanted: IsolationTier): boolean {
  return isolationTiers.indexOf(tier) >= isolationTiers.indexOf(wanted)
}
