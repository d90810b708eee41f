// A way to a service on which some answers take their time, as over a bad line.

import { createServer, request } from 'node:http'
import { once } from 'node:events'

/** `{ base, close() }`: passes everything on to `service`; the answers of `path` come `milliseconds` later. */
export async function slowly(service, path, milliseconds) {
  const { hostname, port } = new URL(service)
  const server = createServer((asked, answer) => {
    const onward = request({ hostname, port, method: asked.method, path: asked.url, headers: asked.headers }, (given) => {
      setTimeout(() => {
        answer.writeHead(given.statusCode, given.headers)
        given.pipe(answer)
      }, asked.url === path ? milliseconds : 0)
    })
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    base: `http://localhost:${server.address().port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
