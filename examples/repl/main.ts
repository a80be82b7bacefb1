/**
 * Notebook-like command line on a session. Variables stay from one input to the next, and an input may have several lines.
 * `.vars` lists the variables, `.fork [step]` goes on in a copy, `.reset` starts over, `.exit` or Ctrl+D ends. Ctrl+C cancels the
 * code that runs.
 */
import { once } from 'node:events'
import process from 'node:process'
import { Recoverable, start } from 'node:repl'
import { inspect } from 'node:util'

import { Codemode } from '@codemode/client'

import { isIncomplete } from './is-incomplete.ts'
import { Notebook } from './notebook.ts'

await using codemode = Codemode.fromEnv()
const notebook = await Notebook.open(codemode)

const show = (text: string): void => void process.stdout.write(`${text}\n`)

const repl = start({
  prompt: '> ',
  ignoreUndefined: true,
  completer: () => [[], ''],
  // The code runs at the executor, and never in this process.
  eval: (code, _context, _file, done) => {
    if (isIncomplete(code)) return done(new Recoverable(new SyntaxError('incomplete')), undefined)
    if (code.trim() === '') return done(null, undefined)
    return void notebook.run(code).then(({ logs, error, value }) => {
      for (const { text } of logs) show(text)
      if (error !== undefined) show(error)
      else if (value !== null) show(inspect(value))
      done(null, undefined)
    })
  },
})

function command(name: string, help: string, action: (argument: string) => Promise<string>): void {
  repl.defineCommand(name, {
    help,
    action(argument) {
      void action(argument.trim())
        .catch((error: unknown) => String(error))
        .then((text) => {
          show(text)
          repl.displayPrompt()
        })
    },
  })
}

command('vars', 'List the variables with their kinds', () => notebook.variables())
command('fork', 'Go on in a copy of the session, by default with the state of now: .fork [step]', (step) =>
  notebook.fork(step === '' ? undefined : Number(step)),
)
command('reset', 'Start over without variables', () => notebook.reset())

function interrupt(): void {
  if (notebook.interrupt()) return
  repl.clearBufferedCommand()
  repl.displayPrompt()
}
repl.removeAllListeners('SIGINT').on('SIGINT', interrupt)
process.on('SIGINT', interrupt)

await once(repl, 'exit')
await notebook.close()
