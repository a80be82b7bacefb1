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
      'function',
    ])
  })

  test('code cannot change the tools object', { tags: ['TL-3'] }, async () => {
    const code = `
      const own = () => 'mine'
      const changes = [
        () => Reflect.set(tools, 'echo', own), () => Reflect.defineProperty(tools, 'echo', { value: own }),
        () => Reflect.deleteProperty(tools, 'echo'), () => Reflect.setPrototypeOf(tools, null),
        () => Reflect.preventExtensions(tools), () => Reflect.set(tools.github, 'list_issues', own),
      ]
      tools.echo = own
      return [changes.map((change) => change()), await tools.echo('real')]`
    expect(await value(code)).toEqual([Array.from({ length: 6 }, () => false), 'real'])
  })

  test('an invalid call rejects and never throws', { tags: ['TL-2'] }, async () => {
    const code = `
      const calls = [() => tools.none(), () => tools.echo({ a: 1n }), () => tools(), () => tools.echo.deeper.still()]
      return Promise.all(calls.map((call) => {
        try { return call().then(() => 'value', (error) => error.code) } catch (error) { return error.name }
      }))`
    expect(await value(code)).toEqual(['TOOL_NOT_ALLOWED', 'TOOL_INPUT_INVALID', 'TypeError', 'TOOL_NOT_ALLOWED'])
  })

  test('more calls than allowed end the execution and name the option', { tags: ['TL-4'] }, async () => {
    const result = await suite.codemode.run('for (let i = 0; i <= 1_000; i++) tools.echo(i); await sleep(1000)')
    expect(result).toMatchObject({
      success: false,
      error: { code: 'TOO_MANY_TOOL_CALLS', details: { limit: 1_000, option: 'maxToolCalls' } },
    })
  })
})
