import { token } from './login.mjs'

/** @typedef {{ readonly ports: import('./ports.mjs').Ports, readonly address: string, readonly folder: string, readonly program: string }} Setting */

/**
 * What to try. What is indented is commands and comments, which can be pasted into one shell in this order; a test does so.
 * @param {Setting} setting
 */
export function welcome({ ports, address, folder, program }) {
  const host = hostOf(address)
  const base = `http://${host}:${ports.gateway}`
  const demo = `http://${host}:${ports.demo}`
  const admin = `http://127.0.0.1:${ports.admin}`
  const twenty = `for i in $(seq 20); do curl -s ${base}/orders; done | sort | uniq -c`
  return `
Fairlead is running on ${base}. Try, line by line:

  # a public route
  curl -i ${base}/orders

  # two regions, 80:20
  ${twenty}

  # a protected route: 401 without a token, 200 with one, 403 with one for something else
  curl -i ${base}/account/7
  TOKEN=${token('account/read')}
  curl -i -H "authorization: Bearer $TOKEN" ${base}/account/7
  OTHER=$(curl -s '${demo}/token?scope=other')
  curl -i -H "authorization: Bearer $OTHER" ${base}/account/7

  # a region goes down: no call fails, the traffic moves
  curl -X POST ${demo}/regions/eu-west-1/off
  ${twenty}

  # it comes up again: once it has been healthy for a moment its traffic comes back, little by little
  curl -X POST ${demo}/regions/eu-west-1/on
  sleep 5
  ${twenty}

  # what the gateway thinks of it, and why a request goes where it goes
  curl -s ${admin}/debug/backends
  curl -s ${admin}/metrics | grep ^fairlead_backend
  node ${program} explain --config ${folder} --allow-loopback GET ${base}/account/7

The manifests are in ${folder}: edit them and see. Ctrl-C ends everything.
`
}

/**
 * Where a caller finds what listens on an address.
 * @param {string} address
 */
function hostOf(address) {
  if (address === '0.0.0.0') return '127.0.0.1'
  if (address === '::') return '[::1]'
  return address.includes(':') ? `[${address}]` : address
}
