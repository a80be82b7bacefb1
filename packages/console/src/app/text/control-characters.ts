// Guest text may have characters that are invisible, or that change the order in which a browser shows the others. The
// console shows their code points instead, so that a text can't look like another one.

/** Piece of a text: shown as it is, or as the name of a code point. */
export interface TextPiece {
  readonly text: string
  readonly isCodePoint: boolean
}

/**
 * Returns the pieces of a text. A character without a glyph of its own is a piece named like `U+202E`: controls except tab
 * and line feed, formatting, line separators, lone surrogates, fillers, variation selectors. Those that are a part of an
 * emoji are shown with it.
 */
export function piecesOf(text: string): TextPiece[] {
  const pieces: TextPiece[] = []
  let start = 0
  let index = 0
  let previous = ''
  for (const character of text) {
    if (isUnseen(character, previous)) {
      if (index > start) pieces.push({ text: text.slice(start, index), isCodePoint: false })
      addCodePoint(pieces, nameOf(character), start === index)
      start = index + character.length
    }
    index += character.length
    previous = character
  }
  if (start < text.length) pieces.push({ text: text.slice(start), isCodePoint: false })
  return pieces
}

/** Adds the name of a code point. One that is repeated at once is a piece with its number, such as `U+0000 ×3`. */
function addCodePoint(pieces: TextPiece[], name: string, follows: boolean): void {
  const last = pieces.at(-1)
  if (!follows || last === undefined || !last.isCodePoint || last.text.split(' ', 1)[0] !== name) {
    pieces.push({ text: name, isCodePoint: true })
    return
  }
  const count = Number(last.text.split('×')[1] ?? 1) + 1
  pieces[pieces.length - 1] = { text: `${name} ×${count}`, isCodePoint: true }
}

function isUnseen(character: string, previous: string): boolean {
  if (character >= ' ' && character <= '~') return false
  if (character === '\t' || character === '\n') return false
  const isAfterEmoji =
    (character === '\u200d' || character === '\ufe0f') && /^[\p{Extended_Pictographic}\ufe0f]$/u.test(previous)
  return (
    !isAfterEmoji && /^[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Variation_Selector}\u115f\u1160\u3164\uffa0]$/u.test(character)
  )
}

/** Returns a text for places that take no elements, such as a title, with the names of code points in brackets. */
export function plainText(text: string): string {
  return piecesOf(text)
    .map((piece) => (piece.isCodePoint ? `[${piece.text}]` : piece.text))
    .join('')
}

const nameOf = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
