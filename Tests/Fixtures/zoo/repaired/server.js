const server = require("http").createServer((request, response) => response.end("repaired\n"));
server.listen(process.env.PORT, process.env.HOST);
