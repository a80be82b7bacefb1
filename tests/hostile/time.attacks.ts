import { type Attack, fails, returns } from './attack.ts'

export const attacks: readonly Attack[] = [
  fails('a loop that never ends is stopped', { code: 'CPU_TIMEOUT' }, 'for (;;);', { cpuTimeoutMs: 200 }),
  returns(
    'an attack that does nothing is an ordinary execution',
    [4, 2],
    'return [await tools.double(2), await tools.echo(2)]',
  ),
]
