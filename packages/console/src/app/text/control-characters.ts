// Guest text may have characters that are invisible, or that change the order in which a browser shows the others. The
// console shows their code points instead, so that a text can't look like another one.

/** Characters without a glyph of their own: controls except tab and line feed, bidirectional and invisible formatting. */
const unseen =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}]|[\ud800-\udfff]/gu

/** Piece of a text: shown as it is, or as the name of a code point. */
export interface TextPiece {
  readonly text: string
  readonly isCodePoint: boolean
}

/** Returns the pieces of a text, in which each character that has no glyph is a piece of its own, named `U+202E`. */
export function piecesOf(text: string): TextPiece[] {
  const pieces: TextPiece[] = []
  let end = 0
  for (const match of text.matchAll(unseen)) {
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), isCodePoint: false })
    pieces.push({ text: nameOf(match[0]), isCodePoint: true })
    end = match.index + match[0].length
  }
  if (end < text.length) pieces.push({ text: text.slice(end), isCodePoint: false })
  return pieces
}

/** Returns a text for places that take no elements, such as a title, with the names of code points in brackets. */
export function plainText(text: string): string {
  return piecesOf(text)
    .map((piece) => (piece.isCodePoint ? `[${piece.text}]` : piece.text))
    .join('')
}

const nameOf = (character: string): string =>
  `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
