const http = require('node:http')

const greeting = process.env.GREETING ?? 'Hello'
const commit = (process.env.PREVIEW_COMMIT ?? 'an unknown commit').slice(0, 7)

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  if (request.url !== '/') {
    response.statusCode = 404
    return response.end('Not found\n')
  }
  response.end(`${greeting}, running ${commit}\n`)
})

// PORT and HOST come from preview; both have defaults so that `npm start` works by itself.
server.listen(process.env.PORT ?? 3000, process.env.HOST ?? '127.0.0.1')
process.on('SIGTERM', () => server.close())
