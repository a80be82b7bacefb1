import { useState } from 'preact/hooks'

import { piecesOf, type TextPiece } from '../text/control-characters.ts'
import { CopyButton } from './copy-button.tsx'

/** Maximum number of elements that one text becomes. */
const mostPieces = 1_000
/** Characters of a text that a details view shows before "Show all". */
const shownCharacters = 65_536
/** Characters that are shown at most; the rest is only in what "Copy" copies. */
const mostCharacters = 524_288

/** Text that a guest, a tool or a client wrote, on one line. Characters without a glyph are shown as code points. */
export function GuestText({ text, maxLength = 500 }: { text: string; maxLength?: number }) {
  const shown = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  return (
    <bdi class="guest-text">
      {boundedPieces(shown).map(({ text: piece, isCodePoint }) =>
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

/** Returns the pieces of a text. After so many that elements would be slow, the rest is one text with the names in brackets. */
function boundedPieces(text: string): readonly TextPiece[] {
  const pieces = piecesOf(text)
  if (pieces.length <= mostPieces) return pieces
  const rest = pieces.slice(mostPieces).map((piece) => (piece.isCodePoint ? `[${piece.text}]` : piece.text))
  return [...pieces.slice(0, mostPieces), { text: rest.join(''), isCodePoint: false }]
}

/** Block of guest text with line breaks, cut at 65,536 characters, and a button that copies all of it. */
export function GuestBlock({ text, title }: { text: string; title: string }) {
  const [showsAll, setShowsAll] = useState(false)
  const limit = showsAll ? mostCharacters : shownCharacters
  const isCut = text.length > limit
  return (
    <figure class="block">
      <figcaption>
        <span>{title}</span>
        <span class="quiet">{text.length > 1_000 ? `${text.length.toLocaleString()} characters` : ''}</span>
        <CopyButton text={text} of={title} />
      </figcaption>
      <pre tabIndex={0} role="region" aria-label={title}>
        <GuestText text={text} maxLength={limit} />
      </pre>
      {isCut && (
        <p class="cut">
          Only the first {limit.toLocaleString('en-US')} characters are shown
          {showsAll ? '; copy the text to see the rest.' : '. '}
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
