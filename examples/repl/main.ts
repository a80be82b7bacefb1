/**
 * Notebook-like command line on a session. Variables stay from one input to the next, and an input may have several lines.
 * `.vars` lists the variables, `.fork [step]` goes on in a copy, `.reset` starts over, `.exit` or Ctrl+D ends. Ctrl+C cancels the
 * code that runs, or drops the lines of an unfinished input.
 */
import process, { stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline'

import { Codemode } from '@codemode/client'

import { isIncomplete } from './is-incomplete.ts'
import { Notebook } from './notebook.ts'

await using codemode = Codemode.fromEnv()
const notebook = new Notebook(await codemode.session({ label: 'repl' }))
const terminal = createInterface({ input: stdin, output: stdout })

let input = ''
// When a pipe ends, lines that were read may still wait to be run; `prompt()` throws after `close`.
let hasEnded = false
terminal.on('close', () => (hasEnded = true))

function prompt(): void {
  if (hasEnded) return
  terminal.setPrompt(input === '' ? '> ' : '… ')
  terminal.prompt()
}

function interrupt(): void {
  if (notebook.interrupt()) return
  input = ''
  stdout.write('\n')
  prompt()
}
terminal.on('SIGINT', interrupt)
process.on('SIGINT', interrupt)

const commands: Record<string, (argument: string) => Promise<string>> = {
  '.vars': () => notebook.variables(),
  '.fork': (step) => notebook.fork(step === '' ? undefined : Number(step)),
  '.reset': () => notebook.reset(),
}

async function answerTo(text: string): Promise<string> {
  const [name = '', argument = ''] = text.trim().split(/\s+/)
  if (!name.startsWith('.')) return notebook.run(text)
  return (await commands[name]?.(argument)) ?? 'The commands are .vars, .fork [step], .reset and .exit.'
}

prompt()
for await (const line of terminal) {
  if (line.trim() === '.exit') break
  input += `${line}\n`
  if (!isIncomplete(input)) {
    const answer = await answerTo(input).catch(String)
    if (answer !== '') stdout.write(`${answer}\n`)
    input = ''
  }
  prompt()
}
terminal.close()
await notebook.close()
