import type { HttpContext } from './env.ts'

/** Answers with text that is JSON already. */
export function jsonAnswer(c: HttpContext, json: string): Response {
  return c.body(json, 200, { 'content-type': 'application/json' })
}
