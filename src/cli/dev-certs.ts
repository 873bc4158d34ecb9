import { type Command, InvalidArgumentError } from 'commander'
import { command, examples } from './command.ts'
import { option, parseList } from './options.ts'

export interface DevCertsFlags {
  readonly host: readonly string[]
  readonly days: number
}

const usual = 'localhost,*.dev.localhost,127.0.0.1,::1'

const parseDays = (text: string): number => {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > 3650)
    throw new InvalidArgumentError('It must be a whole number of days from 1 to 3650.')
  return days
}

const after = `${examples(
  ['an authority, and certificates for this machine', 'fairlead dev-certs ./certs'],
  [
    'for a host of your own; the authority that is there already is used',
    "fairlead dev-certs ./certs --host 'api.shop.example,*.shop.example'",
  ],
)}

It writes ca.crt and ca.key, server.crt and server.key, client.crt and client.key, and tls.yaml: a Secret dev-tls and a ConfigMap
dev-ca to copy into a folder of manifests. Keys can be read by you alone. They are for trying things out, never for the internet.`

/** `fairlead dev-certs`: certificates to try TLS with. */
export function devCertsCommand(): Command {
  return command('dev-certs', 'Make an authority and certificates to try TLS with.')
    .argument('<dir>', 'folder for them; made when it is not there')
    .addOption(
      option('--host <names>', 'names and addresses of the server, with commas')
        .default(parseList(usual), usual)
        .argParser(parseList),
    )
    .addOption(
      option('--days <n>', 'how long they are good').default(90, '90').argParser(parseDays),
    )
    .addHelpText('after', after)
    .action(async (folder: string, flags: DevCertsFlags) => {
      const { makeCertificates } = await import('./make-certificates.ts')
      await makeCertificates(folder, flags)
    })
}
