import type { LogEntry } from '@codemode/shared'
import { useState } from 'preact/hooks'

import { CopyButton } from '../../parts/copy-button.tsx'
import { GuestText } from '../../parts/guest-text.tsx'
import { Time } from '../../parts/time.tsx'

const shownAtFirst = 200

/** Console output of the code, with its times. */
export function ConsoleOutput({
  logs,
  dropped,
}: {
  logs: readonly LogEntry[]
  dropped: { readonly entries: number; readonly bytes: number }
}) {
  const [showsAll, setShowsAll] = useState(false)
  const shown = showsAll ? logs : logs.slice(0, shownAtFirst)
  return (
    <section aria-labelledby="console-title">
      <h2 id="console-title">Console output</h2>
      {logs.length === 0 ? (
        <p class="quiet">The code wrote nothing to the console.</p>
      ) : (
        <>
          <CopyButton text={logs.map(({ level, text }) => `${level}: ${text}`).join('\n')} of="the console output" />
          <ol class="log" tabIndex={0} aria-label="Console output">
            {shown.map(({ level, text, at }, index) => (
              <li key={index} class={`log-${level}`}>
                <Time at={at} format="clock" />
                <span class="log-level">{level}</span>
                <span class="log-text">
                  <GuestText text={text} maxLength={4_096} />
                </span>
              </li>
            ))}
          </ol>
          {shown.length < logs.length && (
            <button type="button" onClick={() => setShowsAll(true)}>
              Show all {logs.length.toLocaleString()} entries
            </button>
          )}
        </>
      )}
      {dropped.entries > 0 && (
        <p class="quiet">
          {dropped.entries.toLocaleString()} more entries were dropped, because they exceeded the limit of the log.
        </p>
      )}
    </section>
  )
}
