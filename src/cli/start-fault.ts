import { resolve } from 'node:path'
import { readFault } from './command.ts'
import type { Address } from './options.ts'
import type { StandaloneFlags } from './standalone.ts'

type Flags = Pick<StandaloneFlags, 'config' | 'http' | 'admin'>

/** Why a gateway could not start: one sentence that says what to do. */
export function startFault(error: unknown, flags: Flags): string {
  const { code, path, message, ...at } = error as NodeJS.ErrnoException & Partial<Address>
  if (path === resolve(flags.config)) return readFault(error, flags.config)
  switch (code) {
    case 'EADDRINUSE':
      return `port ${at.port} is taken; stop what uses it, or give another one with ${elsewhere(at.port ?? 0, flags)}`
    case 'EACCES':
      return at.port === undefined
        ? `${path} may not be read or written by this user`
        : `port ${at.port} may not be opened by this user; take one above 1023`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${message.split(' ').at(-1)} is no address of this machine`
    case 'ENOENT':
      return `${path} does not exist`
    default:
      return message
  }
}

function elsewhere(port: number, { http, admin }: Flags): string {
  const [name, { host }] = port === admin.port ? ['--admin', admin] : ['--http', http]
  return `${name} ${host.includes(':') ? `[${host}]` : host}:${port + 1}`
}
