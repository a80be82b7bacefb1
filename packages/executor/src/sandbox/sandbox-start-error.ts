import { isolatedVmVersion } from '../versions.ts'
import type { IsolationTier } from './jail/tiers.ts'

/** Error of a start at which no sandbox process could be started. The message says why, and what to do. */
export class SandboxStartError extends Error {
  override readonly name = 'SandboxStartError'
}

/** Returns the error of a start at which no jail of sufficient isolation worked, with the failure of each that was tried. */
export function noJailWorked(minIsolation: IsolationTier, failures: readonly string[]): SandboxStartError {
  const tried = failures.length > 0 ? failures.map((failure) => `\n  ${failure}`).join('') : ' this system offers none.'
  const hint = minIsolation === 'permissions' ? '' : ', or accept less: CODEMODE_MIN_ISOLATION=permissions'
  return new SandboxStartError(
    `No sandbox process could be started with isolation '${minIsolation}' or stronger:${tried}\n` +
      `Install what is missing (see docs/hardening.md)${hint}`,
  )
}

/** Returns the error of a start without a binary of isolated-vm, for the machine that `platform` describes. */
export function noBinary(platform: string): SandboxStartError {
  return new SandboxStartError(
    `isolated-vm ${isolatedVmVersion} has no binary for this machine: ${platform}. ` +
      'Use a platform and a version of Node for which it has one, or build it, which takes Python and a C++ compiler: npm rebuild isolated-vm',
  )
}
