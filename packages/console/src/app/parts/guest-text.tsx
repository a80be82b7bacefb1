import { useState } from 'preact/hooks'

import { piecesOf } from '../text/control-characters.ts'
import { formatSize } from '../text/durations.ts'
import { CopyButton } from './copy-button.tsx'

/** Characters of a text that a details view shows before "Show all". */
const shownCharacters = 65_536
/** Characters that are shown at most; the rest is only in what "Copy" copies. */
const mostCharacters = 1_048_576

/** Text that a guest, a tool or a client wrote, on one line. Characters without a glyph are shown as code points. */
export function GuestText({ text, maxLength = 500 }: { text: string; maxLength?: number }) {
  const shown = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  return (
    <bdi class="guest-text">
      {piecesOf(shown).map(({ text: piece, isCodePoint }) =>
        isCodePoint ? (
          <span class="code-point" title="A character that has no glyph of its own">
            {piece}
          </span>
        ) : (
          piece
        ),
      )}
    </bdi>
  )
}

/** Block of guest text with line breaks, cut at 64 KiB, and a button that copies all of it. */
export function GuestBlock({ text, title }: { text: string; title: string }) {
  const [showsAll, setShowsAll] = useState(false)
  const limit = showsAll ? mostCharacters : shownCharacters
  const isCut = text.length > limit
  return (
    <figure class="block">
      <figcaption>
        <span>{title}</span>
        <span class="quiet">{text.length > 1_000 ? formatSize(text.length) : ''}</span>
        <CopyButton text={text} of={title} />
      </figcaption>
      <pre tabIndex={0} role="region" aria-label={title}>
        <GuestText text={text} maxLength={limit} />
      </pre>
      {isCut && (
        <p class="cut">
          {showsAll
            ? 'The console shows the first 1 MiB; copy the text to see the rest.'
            : 'Only the first 64 KiB are shown. '}
          {!showsAll && (
            <button type="button" onClick={() => setShowsAll(true)}>
              Show all
            </button>
          )}
        </p>
      )}
    </figure>
  )
}
