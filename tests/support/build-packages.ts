import { execFileSync } from 'node:child_process'

/** Builds the packages before the tests that use them as they are built. A build of unchanged sources takes a second. */
export default function buildPackages(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
}
