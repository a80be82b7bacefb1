import { tool, type Codemode } from '@codemode/client'

/** Texts that do harm where they are not shown as text. */
const texts = {
  markup: '<img src=x onerror="document.title=1"><svg onload=alert(1)>',
  script: '</script><script>document.title = "hacked"</script><!--',
  attribute: '" autofocus onfocus=alert(1) x="\' `${alert(1)}`',
  url: 'javascript:alert(document.domain)',
  bidi: 'user\u202e \u2066// admin\u2069 \u2067\u202dlla eteled\u202c',
  terminal: '\u001b[31mred\u001b[0m\u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007\u001b[2J\r\b\u009b31m',
  invisible: 'NUL \0, \u200b, \ufeff, \u2028, \u00ad, \ud800 and \udfff',
  combined: `Z${'\u0351\u036b\u0341'.repeat(200)}`,
  token: 'x'.repeat(20_000),
  template: '{{constructor.constructor("alert(1)")()}} %s %c %o',
}

const code = `
// ${texts.bidi} ${texts.script}
const texts = input
for (const [name, text] of Object.entries(texts)) console.log(name, text)
console.error(Object.values(texts))
console.log('x'.repeat(2 ** 20))
const line = '<b>' + 'y'.repeat(1_000_000)
const answers = [
  await tools.données.élèves(texts),
  await tools['顧客\u200d'](line),
  await tools.${'long'.repeat(32)}(texts.token),
]
return { [texts.markup]: texts, 'javascript:alert(1)': answers.length, __proto__: null, line: line.slice(0, 900_000) }
`.trim()

const throwing = `
function ${'deep'.repeat(50)}() {
  const error = new Error(Object.values(input).join('\\n'), { cause: input.markup })
  error.name = input.script
  throw error
}
${'deep'.repeat(50)}()
`.trim()

/** Code of nearly the maximum size, whose first line is very long and has a NUL, and which throws its input. */
const long = `// \0 ${'c'.repeat(250_000)}\nthrow new Error(input)`

const echo = (value: unknown) => value

/** Runs executions whose code, names, inputs, outputs, errors and decisions are hostile. Returns their ids. */
export async function makeHostile(client: Codemode) {
  const hostile = client.withTools({
    'données.élèves': echo,
    '顧客\u200d': echo,
    ['long'.repeat(32)]: echo,
    ファイル: () => {
      throw new Error(Object.values(texts).join('\n'))
    },
  })
  const label = texts.markup + texts.bidi + texts.invisible
  const [success, thrown, longLines, toolError, unparsed, cancelled] = await Promise.all([
    hostile.run(code, { label, input: texts, context: texts, config: texts }),
    hostile.run(throwing, { label: texts.script, input: texts }),
    hostile.run(long, { label: 'long lines', input: `<b>${'i'.repeat(1_000_000)}` }),
    hostile.run('await tools.ファイル(input)', { label: texts.url, input: texts }),
    hostile.run(`const text = '${texts.markup}\n${texts.terminal}`, { label: 'z'.repeat(256) }),
    makeCancelled(hostile),
  ])
  if (!('error' in longLines) || longLines.error.code !== 'GUEST_ERROR') {
    throw new Error(`The execution with long lines did not throw: ${JSON.stringify(longLines)}`)
  }
  if (!success.success) throw new Error(`The hostile execution did not succeed: ${JSON.stringify(success)}`)
  return {
    success: success.executionId,
    thrown: thrown.executionId,
    longLines: longLines.executionId,
    toolError: toolError.executionId,
    unparsed: unparsed.executionId,
    cancelled,
  }
}

async function makeCancelled(client: Codemode): Promise<string> {
  const execution = await client.submit('await sleep(60_000)', { label: texts.terminal })
  await execution.cancel(Object.values(texts).join(' ').slice(0, 500))
  await execution.wait()
  return execution.id
}

const wipe = tool({
  requiresApproval: ({ why }: { why: string }) => ({ reason: `${texts.markup}${texts.bidi}${why.slice(0, 1_000)}` }),
  execute: () => 'wiped',
})

/** Tools whose calls wait for an approval. */
export const hostileTools = { 'wipe.données': wipe }

/** Runs executions with a hostile approval that is pending, and one that was rejected for a hostile reason. Returns their ids. */
export async function makeHostileApprovals(client: Codemode) {
  const run = () =>
    client.run('return tools.wipe.données(input)', { label: texts.template, input: { ...texts, why: texts.script } })
  const [pending, rejected] = await Promise.all([run(), run()])
  if (rejected.status === 'paused') {
    await client.decide(rejected.approvals[0]!, {
      reject: texts.markup + texts.bidi,
      note: texts.script + texts.terminal,
    })
  }
  return { pendingApproval: pending.executionId, rejectedApproval: rejected.executionId }
}
