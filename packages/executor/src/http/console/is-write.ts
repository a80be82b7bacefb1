import type { HttpContext } from '../http-context.ts'

/** Returns whether the method of a request may change something. */
export function isWrite(c: HttpContext): boolean {
  return c.req.method !== 'GET' && c.req.method !== 'HEAD'
}
