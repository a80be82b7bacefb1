/** Generated steps of sessions. Each name has one kind, because V8's REPL mode does not let a name change its kind. */

type Random = () => number

const lets = ['l1', 'l2']
const constants = ['c1', 'c2']
const classes = ['K1']
const functions = ['f1', 'f2']
const variables = ['v1', 'v2']
const all = [...lets, ...constants, ...classes, ...functions, ...variables]

interface Statement {
  readonly code: string
  /** Names that have a value after the statement. */
  readonly declares?: readonly string[]
  readonly mayFail?: boolean
}

/** Generator of the steps of one session. */
export class RandomSteps {
  readonly #random: Random
  /** Names that have a value. */
  readonly #known = new Set<string>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Returns the code of a step, which ends with a value that shows the variables. */
  next(): string {
    const count = 1 + Math.floor(this.#random() * 4)
    const statements: string[] = []
    const declared = new Set<string>()
    let mayHaveFailed = false
    while (statements.length < count) {
      const { code, declares = [], mayFail = false } = this.#statement()
      // A name without a value after a failure stays unusable for V8, and one that is declared twice is an early error.
      if (declares.some((name) => declared.has(name) || ((mayHaveFailed || mayFail) && !this.#known.has(name))))
        continue
      statements.push(code)
      for (const name of declares) {
        declared.add(name)
        this.#known.add(name)
      }
      mayHaveFailed ||= mayFail
    }
    return `${statements.join(this.#pick([';', '\n;', ';\n']))};${this.#probe()}`
  }

  #statement(): Statement {
    const makers = [
      () => this.#declare('let', lets),
      () => this.#declare('const', constants),
      () => this.#declare('var', variables),
      () => this.#class(),
      () => this.#function(),
      () => this.#pattern(),
      () => this.#assignment(),
      () => this.#loop(),
      () => this.#failure(),
      () => this.#closure(),
    ]
    return this.#pick(makers)()
  }

  #declare(kind: string, names: readonly string[]): Statement {
    const name = this.#pick(names)
    const value = this.#pick([
      this.#expression(),
      `await Promise.resolve(${this.#expression()})`,
      `() => typeof ${name}`,
    ])
    if (this.#random() < 0.1) return { code: `${kind} ${name} = missing`, declares: [name], mayFail: true }
    const code = kind === 'const' || this.#random() < 0.8 ? `${kind} ${name} = ${value}` : `${kind} ${name}`
    return { code, declares: [name] }
  }

  #class(): Statement {
    const code = `class K1 { static s = ${this.#number()}; n = ${this.#expression()}; me() { return K1.s } }`
    return { code, declares: ['K1'] }
  }

  #function(): Statement {
    const name = this.#pick(functions)
    const kind = this.#pick(['function', 'function', 'async function', 'function*'])
    const code = `${kind} ${name}(n = ${this.#number()}) { return [n, typeof v1, ${name}.name] }`
    return { code, declares: [name] }
  }

  #pattern(): Statement {
    return this.#pick([
      { code: `let [l1, l2 = ${this.#expression()}] = [${this.#number()}]`, declares: ['l1', 'l2'] },
      {
        code: `const { c1, z: [c2 = ${this.#number()}] } = { c1: ${this.#expression()}, z: [] }`,
        declares: ['c1', 'c2'],
      },
      { code: `let { a: l1, ...l2 } = { a: ${this.#number()}, b: ${this.#number()} }`, declares: ['l1', 'l2'] },
      { code: `const [c1, ...c2] = [${this.#number()}, 2]`, declares: ['c1', 'c2'] },
      { code: `let [l1, l2] = [${this.#number()}, missing]`, declares: ['l1', 'l2'], mayFail: true },
    ])
  }

  #assignment(): Statement {
    const name = this.#pick(all.filter((each) => this.#known.has(each)))
    if (name === undefined) return { code: 'undeclared = 1' }
    const value = this.#expression()
    const code = this.#pick([
      `${name} = ${value}`,
      `[${name}] = [${value}]`,
      `({ ${name} } = { ${name}: ${value} })`,
      `${name} ??= ${value}`,
      `(() => { ${name} = ${value} })()`,
      `for (${name} of [${value}]);`,
      `((${name}) => { ${name} = 0 })(1)`,
    ])
    return { code, mayFail: constants.includes(name) }
  }

  #loop(): Statement {
    const name = this.#pick(variables)
    const code = this.#pick([
      `for (var ${name} = 0; ${name} < ${this.#number()}; ${name}++);`,
      `for (var [${name}] of [[${this.#number()}]]);`,
      `for await (var ${name} of [Promise.resolve(${this.#number()})]);`,
      `if (${this.#number()} % 2) var ${name} = ${this.#number()}`,
      `try { var ${name} = ${this.#number()} } catch { throw 0 }`,
    ])
    return this.#random() < 0.8
      ? { code, declares: [name] }
      : { code: `for (let ${name} = 0; ${name} < 2; ${name}++);` }
  }

  #failure(): Statement {
    const failures = ['throw new Error("halfway")', 'missing()', 'await Promise.reject(new TypeError("no"))', 'null.x']
    return this.#random() < 0.4 ? { code: this.#pick(failures), mayFail: true } : { code: '' }
  }

  #closure(): Statement {
    const name = this.#pick(all.filter((each) => this.#known.has(each)))
    const code =
      name === undefined ? 'var v2 = 0' : `var v2 = () => [typeof ${name}, typeof ${name} === 'number' ? ${name} : 0]`
    return { code, declares: ['v2'] }
  }

  /** Returns an expression that shows what the variables are. */
  #probe(): string {
    const shown = all.filter((name) => this.#known.has(name))
    return `JSON.stringify([${shown.map(state).join()}, typeof v2 === 'function' ? String(v2()) : 0])`
  }

  #expression(): string {
    const name = this.#pick(all.filter((each) => this.#known.has(each)))
    const read = name === undefined ? '1' : `(typeof ${name} === 'number' ? ${name} : typeof ${name})`
    return this.#pick([this.#number(), read, `${this.#number()} + 1`, `'text'`, `(() => ${read})()`])
  }

  #number(): string {
    return String(Math.floor(this.#random() * 9))
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!
  }
}

/** Returns an expression that shows the value of a variable. */
function state(name: string): string {
  return `(() => { try { return typeof ${name} === 'function' ? [${name}.name, ${name}.length] : ${name} ?? null } catch (e) { return e.name } })()`
}
