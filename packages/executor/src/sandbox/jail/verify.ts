import { networkNamespaceOf, statusOf } from '../proc.ts'
import type { Jail } from './jails.ts'

/**
 * Returns a promise of a jail that the kernel does not confirm for a process in it; undefined when all hold, or the
 * system does not tell.
 */
export function brokenPromise({ layers }: Jail, pid: number | undefined): string | undefined {
  const has = (layer: Jail['layers'][number]) => layers.includes(layer)
  if (has('no privileges') && statusOf(pid, 'NoNewPrivs') === '0') return 'the process could gain privileges'
  if (has('no privileges') && /[1-9a-f]/.test(statusOf(pid, 'CapEff') ?? '')) return 'the process has capabilities'
  if (has('seccomp filter') && statusOf(pid, 'Seccomp') !== '2') return 'no system call filter is in force'
  if (has('namespaces') && networkNamespaceOf(pid) === networkNamespaceOf('self')) return 'the network is shared'
  return undefined
}
