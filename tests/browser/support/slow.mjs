// A way to a service on which some answers take their time, as over a bad line.

import { createServer, request } from 'node:http'
import { once } from 'node:events'

/**
 * `{ base, most(), close() }`: passes everything on to `service`; the answers of `path` come `milliseconds` later. `most()`
 * is how many of those were under way at once.
 */
export async function slowly(service, path, milliseconds) {
  const { hostname, port } = new URL(service)
  let [underWay, most] = [0, 0]
  const server = createServer((asked, answer) => {
    const isSlow = asked.url === path
    if (isSlow) most = Math.max(most, (underWay += 1))
    const onward = request({ hostname, port, method: asked.method, path: asked.url, headers: asked.headers }, (given) => {
      setTimeout(() => {
        // Before it is answered, so that whoever goes on because of the answer is not counted beside it.
        if (isSlow) underWay -= 1
        answer.writeHead(given.statusCode, given.headers)
        given.pipe(answer)
      }, isSlow ? milliseconds : 0)
    })
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // A story that fails closes nothing, and the others go on.
  server.unref()
  return {
    base: `http://localhost:${server.address().port}`,
    most: () => most,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
