import http from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export interface Request {
  readonly host: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly agent?: http.Agent
}

/** One request to an address, for a host. Rejects when there is no answer within two seconds. */
export const ask = (ip: string, request: Request, port = 80): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { host, path = '/', method = 'GET', headers = {}, agent } = request
    const options = { host: ip, port, path, method, headers: { ...headers, host } }
    const sent = http.request(
      { ...options, ...(agent && { agent }), timeout: 2000 },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (body += part))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        )
        response.on('error', reject)
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('no answer within two seconds')))
    sent.on('error', reject)
    sent.end()
  })

/** The value of a metric of a Pod, summed over its labels that are given. */
export async function metric(ip: string, port: number, name: string, labels = ''): Promise<number> {
  const { body } = await ask(ip, { host: ip, path: '/metrics' }, port)
  return body
    .split('\n')
    .filter(
      (line) =>
        line.startsWith(name) && /^[{ ]/.test(line.slice(name.length)) && line.includes(labels),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
