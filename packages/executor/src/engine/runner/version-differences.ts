import type { JournalHeader } from '@codemode/shared'

import type { SandboxVersions } from '../../sandbox/sandbox.ts'

const names = { v8: 'V8', icu: 'ICU', arch: 'architecture' } as const

/**
 * Returns the differences between the node that wrote a journal and this one, as text; undefined if there are none. A node
 * with another guest runtime may also prepare code in another way.
 */
export function versionDifferences(journal: JournalHeader['runtime'], node: SandboxVersions): string | undefined {
  const differences = (['v8', 'icu', 'arch'] as const).flatMap((name) =>
    journal[name] === node[name] ? [] : [`${names[name]} ${node[name]} instead of ${journal[name]}`],
  )
  if (journal.guestRuntime !== node.guestRuntime) differences.push('another version of the executor')
  return differences.length === 0 ? undefined : differences.join(', ')
}
