/** YAML file that knows the lines of its options. No message shows a value, which may be a secret. */
import { isObject } from '@codemode/shared/internal'
import { isAlias, isMap, isPair, isScalar, LineCounter, parseDocument, visit, type Document, type Pair } from 'yaml'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { asYaml, fieldsAt, requiredFields } from './examples.ts'
import { expandVariables } from './expand.ts'
import type { OptionPath } from './options.ts'
import { secretOptions } from './schema.ts'
import type { Environment } from './expand.ts'

/**
 * Messages for the most frequent errors of the parser, which say what to do. The parser's own messages quote the file.
 */
const syntaxErrors: Readonly<Record<string, string>> = {
  BAD_INDENT:
    'the indentation is wrong: the options of one block begin in the same column. Or a bracket before it is not closed',
  BAD_SCALAR_START: 'text must not begin with this character: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'the indentation is wrong, or text with a colon needs quotes',
  DUPLICATE_KEY: 'this option is set twice: remove one of the two',
  MISSING_CHAR: 'a quote, a bracket or a colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing after the name of an option, or the indentation is wrong',
  MULTIPLE_DOCS: 'the file must have one document: remove the line ---',
  TAB_AS_INDENT: 'tabs must not be used for indentation: use spaces',
}

/** Maximum number of aliases, each of which is looked up in the whole file. */
const maxAliases = 100
const tooManyAliases = `: the file has more than ${maxAliases} aliases`

export class YamlFile {
  readonly #name: string
  readonly #lines = new LineCounter()
  readonly #document: Document.Parsed

  /** Parses the text. Throws a ConfigurationError with line and column if it is not valid YAML. */
  constructor(name: string, text: string) {
    this.#name = name
    this.#document = parseDocument(text, { prettyErrors: false, lineCounter: this.#lines, logLevel: 'silent' })
    const [error] = this.#document.errors
    if (error !== undefined) {
      const isKey = error.code === 'DUPLICATE_KEY'
      const option = isKey ? ` ${/^[\w.-]*/.exec(text.slice(error.pos[0]))?.[0]}` : ''
      this.#refuse(error.pos[0], `${option}: ${syntaxErrors[error.code] ?? 'this is not valid YAML'}`)
    }
    let aliases = 0
    visit(this.#document, {
      Alias: (_, node, ancestors) => {
        aliases += 1
        if (aliases > maxAliases) this.#refuse(node.range?.[0] ?? 0, tooManyAliases)
        const target = node.resolve(this.#document)
        const problem =
          target === undefined
            ? 'text must not begin with *: put it in quotes'
            : 'the alias is inside the value that it refers to'
        if (target === undefined || ancestors.includes(target)) this.#refuse(node.range?.[0] ?? 0, `: ${problem}`)
      },
    })
  }

  /** Returns the options, with the placeholders in their values expanded. */
  read(env: Environment): Record<string, unknown> {
    this.#expand(env)
    const { contents } = this.#document
    if (contents === null || (isScalar(contents) && contents.value === null)) return {}
    if (!isMap(contents)) this.#refuse(contents.range[0], ': the file must be a mapping from options to values')
    const values: unknown = this.#valuesOf()
    return isObject(values) ? values : {}
  }

  /** Returns the file and line of an option; of the innermost option that contains it if it is missing. */
  placeOf(path: OptionPath): string {
    let node: unknown = this.#document.contents
    let line = ''
    for (const name of path) {
      const pair = pairOf(node, name)
      if (pair === undefined) break
      if (isScalar(pair.key) && pair.key.range) line = `:${this.#lines.linePos(pair.key.range[0]).line}`
      node = isAlias(pair.value) ? pair.value.resolve(this.#document) : pair.value
    }
    return `${this.#name}${line}`
  }

  nameOf(path: OptionPath): string {
    return `${this.placeOf(path)} ${path.join('.')}`
  }

  #valuesOf(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: maxAliases })
    } catch {
      return this.#refuse(0, tooManyAliases)
    }
  }

  #expand(env: Environment): void {
    const problems: string[] = []
    const corrections: string[] = []
    visit(this.#document, {
      Scalar: (key, node, parents) => {
        if (key === 'key' || typeof node.value !== 'string') return
        const { text, unexpanded } = expandVariables(node.value, env)
        node.value = text
        const path = parents.filter(isPair).map((pair) => (isScalar(pair.key) ? String(pair.key.value) : ''))
        for (const { problem, variable } of unexpanded) {
          problems.push(`${this.nameOf(path)}: ${problem}.`)
          corrections.push(...correctionOf(path, variable))
        }
      },
    })
    if (problems.length > 0) throw new ConfigurationError(problems.join('\n'), corrections.join('\n'))
  }

  #refuse(offset: number, problem: string): never {
    const { line, col } = this.#lines.linePos(offset)
    const where = `${this.#name}:${line}:${col}`
    throw new ConfigurationError(`${where}${problem}.`, `# ${this.#name}\n${asYaml(requiredFields)}`)
  }
}

function pairOf(node: unknown, name: string): Pair | undefined {
  return isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === name) : undefined
}

function correctionOf(path: OptionPath, variable: string | undefined): string[] {
  const option = path.at(-1) ?? ''
  if (variable === undefined)
    return [`${option}: \${NAME}`, `${option}: \${NAME:-a default}`, `${option}: $\${not a variable}`]
  const [field] = fieldsAt(path)
  const example = field === undefined || typeof field.value === 'object' ? '…' : String(field.value)
  const inEnvironment = `${variable}=${example}  # in the environment`
  return secretOptions.includes(path.join('.'))
    ? [inEnvironment]
    : [inEnvironment, `${option}: \${${variable}:-${example}}`]
}
