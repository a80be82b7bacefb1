import { useEffect, useMemo, useRef } from 'preact/hooks'

import type { CodePosition } from '../text/code-position.ts'
import { GuestText } from './guest-text.tsx'
import { useVirtualRows } from './use-virtual-rows.ts'

/** Height of a line in pixels, also in the stylesheet, and of the box with many. */
const lineHeight = 19
const largestHeight = 460
const padding = 8
/** Characters of a line that are shown. */
const longestLine = 4_096

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
  const box = useRef<HTMLDivElement>(null)
  const lines = useMemo(() => code.split('\n'), [code])
  const width = useMemo(
    () => Math.min(longestLine, Math.max(...lines.slice(0, 50_000).map(({ length }) => length))),
    [lines],
  )
  const rows = useVirtualRows({ count: lines.length, rowHeight: lineHeight, scrollElement: box })
  const warned = new Set(marks)
  useEffect(() => {
    if (failure !== undefined) rows.scrollTo(failure.line - 1)
  }, [failure?.line])
  const height = Math.min(largestHeight, lines.length * lineHeight + 2 * padding)
  return (
    <div
      class="code"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label="Lines of the code"
      style={{ height: `${height}px` }}
    >
      <div class="code-lines" style={{ height: `${rows.height}px`, minWidth: `${width + 8}ch` }}>
        {rows.items.map(({ index, start }) => {
          const number = index + 1
          const isFailing = failure?.line === number
          const kind = isFailing ? 'code-failing' : warned.has(number) ? 'code-warned' : ''
          return (
            <div
              key={number}
              class={`code-line ${kind}`}
              aria-current={isFailing ? 'true' : undefined}
              style={{ transform: `translateY(${start}px)` }}
            >
              <span class="line-number">{number}</span>
              <code>
                {isFailing ? (
                  <FailingLine line={lines[index]!} column={failure.column} maxLength={longestLine} />
                ) : (
                  <GuestText text={lines[index]!} maxLength={longestLine} />
                )}
              </code>
            </div>
          )
        })}
      </div>
    </div>
  )
}

/** Line at which the code failed, with a mark at the column. */
function FailingLine({ line, column, maxLength }: { line: string; column: number; maxLength: number }) {
  const before = line.slice(0, column - 1)
  return (
    <>
      <GuestText text={before} maxLength={maxLength} />
      <mark title={`Column ${column}`}>
        <GuestText text={line.slice(column - 1, column) || ' '} />
      </mark>
      <GuestText text={line.slice(column)} maxLength={Math.max(0, maxLength - column)} />
    </>
  )
}

/** Characters of a line that a summary shows. */
const excerptWidth = 160

/** Lines of the code around a position, for a summary. */
export function CodeExcerpt({ code, position }: { code: string; position: CodePosition }) {
  const lines = code.split('\n')
  const first = Math.max(0, position.line - 3)
  const shown = lines.slice(first, position.line + 1)
  // Of long lines, the part around the column is shown.
  const cut = Math.max(0, position.column - excerptWidth / 2)
  return (
    <pre class="excerpt" tabIndex={0} role="region" aria-label={`Code around line ${position.line}`}>
      {shown.map((line, index) => {
        const number = first + index + 1
        const isFailing = number === position.line
        return (
          <span key={number} class={isFailing ? 'excerpt-failing' : ''}>
            <span class="line-number">{number}</span>
            {cut > 0 && '…'}
            {isFailing ? (
              <FailingLine line={line.slice(cut)} column={position.column - cut} maxLength={excerptWidth} />
            ) : (
              <GuestText text={line.slice(cut)} maxLength={excerptWidth} />
            )}
            {'\n'}
          </span>
        )
      })}
    </pre>
  )
}
