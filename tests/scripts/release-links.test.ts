import { expect, test } from 'vitest'

import { replaceLinks } from '../../scripts/release/links.ts'

const replaced = (text: string) =>
  replaceLinks(text, { path: 'docs/frameworks/mcp.md', targetOf: (target) => `https://git.example/${target}` })

test('relative links of a document get a new target and keep their anchor', () => {
  expect(replaced('[a](../tools.md#schemas), [`b`](mcp-server.md) and `c` ![d](../../design/d.svg)')).toBe(
    '[a](https://git.example/docs/tools.md#schemas), [`b`](https://git.example/docs/frameworks/mcp-server.md) and `c` ![d](https://git.example/design/d.svg)',
  )
})

test('absolute links, anchors of the same document and code stay as they are', () => {
  const text = '[a](https://a.example/b.md) [b](#b) `[c](c.md)`\n```ts\nd[0](e)\n```\n[f](#f)'
  expect(replaced(text)).toBe(text)
})
