import { useLocation } from 'preact-iso'
import { useRef, useState } from 'preact/hooks'

import { retryExecution } from '../../api/executions.ts'
import { newExecutionId } from '../../api/new-execution-id.ts'
import { pagePath } from '../../base-path.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { ErrorNotice } from '../../parts/notice.tsx'
import { useAction } from '../../parts/use-action.ts'
import { parseExactly } from '../../text/exact-json.ts'
import { jsonProblem } from '../../text/json-problem.ts'
import { prettyJson } from '../../text/pretty-json.ts'
import type { Execution } from './use-execution.ts'

/** Dialog that runs an execution again with other code or input. */
export function RetryDialog({
  execution: { record, journal },
  onClose,
}: {
  execution: Execution
  onClose: () => void
}) {
  const { route } = useLocation()
  const before = { code: journal.header.code, input: prettyJson(journal.header.input) }
  const [code, setCode] = useState(before.code)
  const [input, setInput] = useState(before.input)
  const problem = jsonProblem(input)
  const hasTools = journal.header.tools.some(({ name }) => !name.startsWith('$'))
  const newId = useRef(newExecutionId())
  const retry = useAction(async () => {
    const edits = {
      id: newId.current,
      ...(code !== before.code && { code }),
      ...(input !== before.input && { input: parseExactly(input) }),
    }
    const next = await retryExecution(record.executionId, edits)
    onClose()
    route(pagePath(`/executions/${next.executionId}`))
  })
  return (
    <Dialog title="Retry with changes" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault()
          if (problem === undefined) void retry.run()
        }}
      >
        <label>
          Code
          <textarea
            class="editor"
            rows={14}
            spellcheck={false}
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        </label>
        <label>
          Input, as JSON
          <textarea
            class="editor"
            rows={5}
            spellcheck={false}
            value={input}
            aria-invalid={problem !== undefined}
            aria-describedby="input-problem"
            onInput={(event) => setInput(event.currentTarget.value)}
          />
        </label>
        <p id="input-problem" class="problem" role="status">
          {problem}
        </p>
        <p class="quiet">
          It runs as a new execution.
          {hasTools &&
            ' Its tool calls wait until a client of the same owner serves them: await codemode.resume(executionId).'}
        </p>
        {retry.error && <ErrorNotice error={retry.error} />}
        <footer>
          <button type="button" onClick={onClose}>
            Back
          </button>
          <button type="submit" class="primary" disabled={retry.isRunning || problem !== undefined}>
            {retry.isRunning ? 'Sending…' : 'Run'}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
