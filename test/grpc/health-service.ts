import * as grpc from '@grpc/grpc-js'
import { checkPath } from '../../src/proxy/runtime/grpc-health.ts'

export const serving = 1
export const notServing = 2

/** The health service as grpc.health.v1 has it: a status for each service that it knows. */
export function healthService(statuses: ReadonlyMap<string, number>, asked: string[] = []) {
  return (server: grpc.Server) =>
    server.addService(
      {
        check: {
          path: checkPath,
          requestStream: false,
          responseStream: false,
          requestSerialize: (bytes: Buffer) => bytes,
          requestDeserialize: (bytes: Buffer) => bytes,
          responseSerialize: (bytes: Buffer) => bytes,
          responseDeserialize: (bytes: Buffer) => bytes,
        },
      },
      {
        check: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
          const service = call.request.subarray(2).toString()
          asked.push(service)
          const status = statuses.get(service)
          if (status === undefined) answer({ code: grpc.status.NOT_FOUND, details: 'who?' })
          else answer(null, Buffer.from([8, status]))
        },
      },
    )
}
