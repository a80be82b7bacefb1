import { textHead, textTail } from '@codemode/shared/internal'

/** Part of a text for a model: a line, and a body that may be cut. */
export interface Section {
  readonly title: string
  readonly body?: string | undefined
  /** End of the body that is kept when it is cut; `head` by default. */
  readonly keep?: 'head' | 'tail'
  /** Share of the room, relative to the other sections; 1 by default. */
  readonly weight?: number
  /** Sentence that follows the number of characters that were cut. */
  readonly advice?: string | undefined
}

/** Characters for the note about what was cut, without the advice. */
const noteLength = 64

/**
 * Returns the sections as one text of at most `maxChars` characters. What doesn't fit is cut from the bodies: a section gets at
 * least its share of the room, and more where others need less. The text says how much was cut.
 */
export function fitSections(sections: readonly Section[], maxChars: number): string {
  const bodies = sections.map(({ body = '' }) => body)
  const fixed = sections.map(({ title, body }) => title.length + (body === undefined ? 2 : 3))
  const room = maxChars - fixed.reduce((sum, length) => sum + length, 0)
  const lengths = bodies.map((body) => body.length)
  const shares = sharesOf(room, lengths, sections)
  const texts = sections.map((section, i) =>
    section.body === undefined ? section.title : `${section.title}\n${cutBody(section, bodies[i]!, shares[i]!)}`,
  )
  return textHead(texts.join('\n\n'), maxChars)
}

/** Divides the room among bodies of these lengths by their weights: none gets more than its length while another needs room. */
function sharesOf(room: number, lengths: readonly number[], sections: readonly Section[]): number[] {
  const shares = lengths.map(() => 0)
  let open = lengths.flatMap((length, i) => (length > 0 ? [i] : []))
  let left = Math.max(0, room)
  for (;;) {
    const weightOf = (i: number): number => sections[i]!.weight ?? 1
    const total = open.reduce((sum, i) => sum + weightOf(i), 0)
    const fitting = open.filter((i) => lengths[i]! <= (left * weightOf(i)) / total)
    if (fitting.length === 0) {
      for (const i of open) shares[i] = Math.floor((left * weightOf(i)) / total)
      return shares
    }
    for (const i of fitting) shares[i] = lengths[i]!
    left -= fitting.reduce((sum, i) => sum + lengths[i]!, 0)
    open = open.filter((i) => !fitting.includes(i))
  }
}

/** Returns the body, or the end of it that fits with a note about the rest. */
function cutBody({ keep = 'head', advice }: Section, body: string, share: number): string {
  if (body.length <= share) return body
  const tail = advice === undefined ? '' : ` ${advice}`
  const kept = (keep === 'head' ? textHead : textTail)(body, Math.max(0, share - noteLength - tail.length))
  const note = `[cut: ${kept.length} of ${body.length} characters are shown.${tail}]`
  // The rest of a line of the guest could look like a line of the result.
  return keep === 'head' ? `${kept}\n${note}` : `${note}\n…${kept}`
}
