import { useEffect, useRef } from 'preact/hooks'

import type { CodePosition } from '../text/code-position.ts'
import { GuestText } from './guest-text.tsx'

/** Code with line numbers. The failing line is marked and scrolled into view; `marks` has the lines of warnings. */
export function CodeView({
  code,
  failure,
  marks = [],
}: {
  code: string
  failure?: CodePosition | undefined
  marks?: readonly number[]
}) {
  const failing = useRef<HTMLLIElement>(null)
  const box = useRef<HTMLOListElement>(null)
  useEffect(() => {
    const line = failing.current
    if (line !== null && box.current !== null) box.current.scrollTop = line.offsetTop - box.current.clientHeight / 2
  }, [failure?.line])
  const warned = new Set(marks)
  return (
    <ol class="code" ref={box} tabIndex={0} aria-label="Code">
      {code.split('\n').map((line, index) => {
        const isFailing = failure?.line === index + 1
        const isWarned = warned.has(index + 1)
        return (
          <li
            key={index}
            ref={isFailing ? failing : null}
            class={isFailing ? 'code-failing' : isWarned ? 'code-warned' : ''}
            aria-current={isFailing ? 'true' : undefined}
          >
            <code>
              <GuestText text={line} maxLength={4_096} />
            </code>
            {isFailing && (
              <code class="code-caret" aria-label={`The failing line; column ${failure.column}`}>
                {`${' '.repeat(Math.min(4_096, failure.column - 1))}^`}
              </code>
            )}
          </li>
        )
      })}
    </ol>
  )
}

/** Characters of a line that a summary shows. */
const excerptWidth = 160

/** Lines of the code around a position, for a summary. */
export function CodeExcerpt({ code, position }: { code: string; position: CodePosition }) {
  const lines = code.split('\n')
  const first = Math.max(0, position.line - 3)
  // Of long lines, the part around the column is shown.
  const cut = Math.max(0, position.column - excerptWidth / 2)
  const shown = lines.slice(first, position.line + 1)
  return (
    <pre class="excerpt" tabIndex={0} role="region" aria-label={`Code around line ${position.line}`}>
      {shown.map((line, index) => {
        const number = first + index + 1
        const isFailing = number === position.line
        return (
          <span key={number} class={isFailing ? 'excerpt-failing' : ''}>
            <span class="line-number">{number}</span>
            {cut > 0 && '…'}
            <GuestText text={line.slice(cut)} maxLength={excerptWidth} />
            {'\n'}
          </span>
        )
      })}
    </pre>
  )
}
