import { describe, expect, test } from 'vitest'

import { transports } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'

const tools = {
  echo: (input: unknown) => input,
  'github.list_issues': (input: unknown) => ['issues', input],
  'github.issues': () => 'issues',
  'github.issues.close': (input: unknown) => ['closed', input],
}

describe.each(transports)('over $transport', ({ config }) => {
  const suite = useCodemode({ client: { ...config, tools } })
  const value = (code: string) => suite.codemode.executeAsync(code)

  test('a namespace and its dotted name are the same tool', { tags: ['TL-8'] }, async () => {
    const code = `
      const { github } = tools
      return [
        tools.github.list_issues === tools['github.list_issues'],
        await tools.github.list_issues(1), await tools['github.list_issues'](2), await github.list_issues(3),
        await tools.github.issues(), await tools.github.issues.close(4),
      ]`
    expect(await value(code)).toEqual([true, ['issues', 1], ['issues', 2], ['issues', 3], 'issues', ['closed', 4]])
  })

  test('code can enumerate and inspect the tools object', { tags: ['TL-8'] }, async () => {
    const code = `
      return [
        Object.keys(tools), Object.keys(tools.github), 'echo' in tools, 'none' in tools, typeof tools.echo,
        JSON.stringify(Object.entries(tools).map(([name]) => name)), typeof tools.then, typeof (await tools),
        String(tools), typeof tools[Symbol.iterator], \`\${typeof tools.none}\`,
      ]`
    expect(await value(code)).toEqual([
      ['echo', 'github'],
      ['list_issues', 'issues'],
      true,
      false,
      'function',
      '["echo","github"]',
      'undefined',
      'object',
      '[object Object]',
      'undefined',
      'undefined',
    ])
  })

  test('code cannot change the tools object', { tags: ['TL-3'] }, async () => {
    const code = `
      const own = () => 'mine'
      const changes = [
        () => Reflect.defineProperty(tools, 'echo', { value: own }), () => Reflect.setPrototypeOf(tools, null),
        () => Reflect.preventExtensions(tools),
      ]
      return [changes.map((change) => change()), await tools.echo('real')]`
    expect(await value(code)).toEqual([[false, false, false], 'real'])
  })

  test.each([
    ['tools.echo = own', 'Cannot set tools.echo'],
    ['tools.mine = own', 'Cannot set tools.mine'],
    ['tools.github.list_issues = own', 'Cannot set tools.github.list_issues'],
    ['tools = { echo: own }', 'Cannot set tools'],
    ['globalThis.tools = own', 'Cannot set tools'],
    ['delete tools.echo', 'Cannot delete tools.echo'],
    ['Object.assign(tools, { echo: own })', 'Cannot set tools.echo'],
  ])('%s throws, and says what to do instead', { tags: ['TL-3'] }, async (change, problem) => {
    const code = `
      const own = () => 'mine'
      try { ${change} } catch (error) { return [error.name, error.message, await tools.echo('real')] }`
    expect(await value(code)).toEqual([
      'TypeError',
      `${problem}: the tools are given by the host and cannot be changed. Keep a function of your own in a variable: const myTool = async (input) => …`,
      'real',
    ])
  })

  test('an invalid call rejects and never throws', { tags: ['TL-2'] }, async () => {
    const code = `
      const calls = [() => tools.echo({ a: 1n }), () => tools.echo(1, 2)]
      return Promise.all(calls.map((call) => call().then(() => 'value', (error) => error.code)))`
    expect(await value(code)).toEqual(['TOOL_INPUT_INVALID', 'TOOL_INPUT_INVALID'])
  })

  test.each<[string, unknown]>([
    ['Promise.all([3, 4].map(tools.echo))', [3, 4]],
    ['Promise.all([3, 4].flatMap(tools.echo))', [3, 4]],
    ['Promise.all(Array.from([3, 4], tools.echo))', [3, 4]],
    ['Promise.all(Array.from(new Set([3, 4]), (id) => tools.echo(id)))', [3, 4]],
    ['Array.fromAsync([3, 4], tools.echo)', [3, 4]],
    ['Promise.all([3, 4].values().map(tools.echo))', [3, 4]],
    ['[3, 4].filter(tools.echo)', [3, 4]],
    ['[3, 4].find(tools.echo)', 3],
    ['[3, 4].values().some(tools.echo)', true],
    ['new Uint8Array([3]).forEach(tools.echo) ?? 1', 1],
    ['new Map([["k", 3]]).forEach(tools.echo) ?? 1', 1],
    ['new Set([3]).forEach(tools.echo) ?? 1', 1],
    ['[{ id: 3 }].forEach(tools.echo) ?? 1', 1],
  ])('a builtin can call a tool for each item: %s', { tags: ['TL-2'] }, async (code, expected) => {
    const result = await suite.codemode.run(`const all = ${code}; await sleep(5); return all`)
    expect(result).toMatchObject({ result: expected })
    expect(result.warnings.filter((warning) => warning.code === 'UNHANDLED_REJECTION')).toEqual([])
  })

  test.each([
    'tools.echo(1, 0)',
    'tools.echo({ id: 1 }, { limit: 2 })',
    '[1].map((id, index) => tools.echo(id, index))[0]',
    '[1, 2].reduce(tools.echo)',
    '[1].map((id, index, all) => tools.echo(id, index, [2]))[0]',
    'new Promise((resolve, reject) => [1, 2].sort((a, b) => void tools.echo(a, b).then(resolve, reject)))',
    'tools.echo(1, 1, new Map([[2, 1]]))',
    'tools.echo.call(null, 1, 2)',
  ])('further arguments of a call by the code are refused: %s', { tags: ['TL-2'] }, async (call) => {
    expect(await value(`return ${call}.then(() => 'accepted', (error) => error.code)`)).toBe('TOOL_INPUT_INVALID')
  })

  test(
    'a list of calls without await as the value is refused, and the hint names Promise.all',
    { tags: ['GU-5'] },
    async () => {
      const hint = 'Await it; for a list of promises, use await Promise.all(list).'
      for (const code of [
        '[1, 2].map(tools.echo)',
        'return [1].map(async (n) => n)',
        '({ all: Array.from([1], tools.echo) })',
      ]) {
        expect(await suite.codemode.run(code)).toMatchObject({ error: { code: 'RESULT_NOT_SERIALIZABLE', hint } })
      }
    },
  )

  test.each([
    ['tools.none()', 'tools.none is not a function'],
    ['tools.github()', 'tools.github is not a function'],
    ['tools.github.none()', 'tools.github.none is not a function'],
    ['tools()', 'tools is not a function'],
    ['tools.echo.deeper.still()', "Cannot read properties of undefined (reading 'still')"],
    ['tools.$echo()', 'tools.$echo is not a function'],
    ['tools.then()', 'tools.then is not a function'],
    ['tools.toJSON()', 'tools.toJSON is not a function'],
  ])('%s is a TypeError', { tags: ['TL-8', 'GU-5'] }, async (call, message) => {
    expect(await suite.codemode.run(call)).toMatchObject({ error: { name: 'TypeError', message } })
  })

  test('more calls than allowed end the execution and name the option', { tags: ['TL-4'] }, async () => {
    const result = await suite.codemode.run('for (let i = 0; i <= 1_000; i++) tools.echo(i); await sleep(1000)')
    expect(result).toMatchObject({
      success: false,
      error: { code: 'TOO_MANY_TOOL_CALLS', details: { limit: 1_000, option: 'maxToolCalls' } },
    })
  })
})
