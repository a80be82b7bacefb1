import type { Warning } from '@codemode/shared'

import { GuestText } from '../../parts/guest-text.tsx'

/** Probable mistakes in the code that did not make it fail. */
export function WarningList({ warnings }: { warnings: readonly Warning[] }) {
  if (warnings.length === 0) return null
  return (
    <ul class="warnings" aria-label="Warnings">
      {warnings.map(({ code, message, line }, index) => (
        <li key={index}>
          <code>{code}</code> <GuestText text={message} maxLength={1_100} />
          {line !== undefined && <span class="quiet"> line {line}</span>}
        </li>
      ))}
    </ul>
  )
}
