import type { IsolationTier } from './jail/tiers.ts'

/**
 * Error of a start at which no jail of sufficient isolation worked. The message has the failure of each jail that was
 * tried.
 */
export class SandboxStartError extends Error {
  override readonly name = 'SandboxStartError'

  constructor(minIsolation: IsolationTier, failures: readonly string[]) {
    const tried =
      failures.length > 0 ? failures.map((failure) => `\n  ${failure}`).join('') : ' this system offers none.'
    const hint = minIsolation === 'permissions' ? '' : ', or accept less: CODEMODE_MIN_ISOLATION=permissions'
    super(
      `No sandbox process could be started with isolation '${minIsolation}' or stronger:${tried}\n` +
        `Install what is missing (see docs/hardening.md)${hint}`,
    )
  }
}
