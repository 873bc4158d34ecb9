import { once } from 'node:events'
import { createServer } from 'node:net'

/** @typedef {{ readonly gateway: number, readonly demo: number, readonly admin: number }} Ports */

/**
 * What to tell the user when one of the ports cannot be had; undefined when all can.
 * @param {Ports} ports
 * @param {string} address
 */
export async function requireFree(ports, address) {
  for (const port of Object.values(ports)) {
    const fault = await tryPort(port, address)
    if (fault === undefined) continue
    const { code, message } = fault
    if (code === 'EACCES')
      return `Port ${port} needs more rights; take one above 1023:\n\n    npm start -- --port 8080`
    if (code !== 'EADDRINUSE') return `Cannot listen on ${address}: ${message}`
    const { gateway, admin } = ports
    return `Port ${port} is taken. Three in a row are needed (${gateway} to ${admin}); these are free:

    npm start -- --port ${await freePorts(gateway, address)}`
  }
  return undefined
}

/**
 * @param {number} port
 * @param {string} address
 * @returns {Promise<NodeJS.ErrnoException | undefined>}
 */
async function tryPort(port, address) {
  const server = createServer()
  try {
    await once(server.listen({ port, host: address, exclusive: true }), 'listening')
    await new Promise((resolve) => server.close(resolve))
    return undefined
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error)
  }
}

/**
 * The first of three in a row that are free.
 * @param {number} near
 * @param {string} address
 */
async function freePorts(near, address) {
  for (let first = near + 10; first <= 65_533; first += 10) {
    const faults = await Promise.all([0, 1, 2].map((i) => tryPort(first + i, address)))
    if (faults.every((fault) => fault === undefined)) return first
  }
  return 8080
}
