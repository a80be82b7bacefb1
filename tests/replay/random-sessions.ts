import { SessionGuest, type StepOutcome } from '../support/session-guest.ts'

/** Statements of random steps. */
export const statements = [
  'let n = Math.random()',
  'const id = crypto.randomUUID()',
  'const list = [...(globalThis.list ?? []), Date.now()]',
  'var sum = (globalThis.sum ?? 0) + 1',
  'class Box { constructor(v) { this.v = v } }',
  'function next() { return typeof n === "number" ? n * 2 : 0 }',
  'const answer = await tools.a({ sum })',
  'const both = await Promise.all([tools.a({ x: 1 }), tools.b([2])])',
  'let open = tools.a({ later: true })',
  'let late = sleep(50).then(() => { sum += 100 })',
  'await sleep(3)',
  'setTimeout(() => { n = 0; console.log("fired", n) }, 2)',
  'console.group("g"); console.log({ n: typeof n, open: globalThis.open })',
  'console.count(); console.time("t")',
  'try { await open } catch (error) { console.warn(error.code, error.message) }',
  'if (Math.random() < 0.3) throw new Error("by chance")',
  'Promise.reject(new TypeError("nobody handles this"))',
  'missing()',
  'await tools.nothing()',
  'n = null.x',
  'id = 5',
  'delete globalThis.list',
  'result = [typeof id, typeof next, globalThis.sum]',
  'new Box(next()).v',
  'enum Wrong { A }',
  'for (var i = 0; i < 3; i++) await null',
  'await new Promise(() => {})',
]

/** Runs a session of random steps. Each is driven to its end, or ended between two of its turns. */
export function runRandomSession(random: () => number, steps: number): SessionGuest {
  const session = new SessionGuest()
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!
  for (let n = 0; n < steps; n++) {
    const code = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(statements)).join('\n')
    const open = new Set<number>()
    let outcome = session.step(code, { tools: ['a', 'b'], input: n, seed: Math.floor(random() * 1e6) })
    while (outcome.effects?.end === undefined) {
      for (const { call } of outcome.effects!.calls) open.add(call)
      outcome = goOn(outcome.effects!.nextTimerAt !== null, open)
      if (outcome.variables !== undefined) break
    }
  }
  return session

  function goOn(hasTimer: boolean, open: Set<number>): StepOutcome {
    if ((open.size === 0 && !hasTimer) || random() < 0.1) return session.end()
    if (open.size === 0 || (hasTimer && random() < 0.5)) return session.tick(60)
    const call = pick([...open])
    open.delete(call)
    return session.answer(call, random())
  }
}

/** Delivers the same to another guest, and returns what it put out after each delivery. */
export function replaySession(turns: SessionGuest['turns']): readonly unknown[] {
  using session = new SessionGuest()
  for (const { delivery } of turns) session.deliver(delivery)
  return session.turns.map(({ reply }) => outputOf(reply))
}

/** Returns a reply without the costs of its turn. */
export function outputOf(reply: SessionGuest['turns'][number]['reply']): unknown {
  if (reply.type !== 'turn') return reply.type
  return { effects: reply.effects, variables: reply.variables }
}
