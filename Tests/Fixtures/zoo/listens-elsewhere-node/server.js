// PORT is not looked at.
require("http").createServer((request, response) => response.end("here I am")).listen(0, "127.0.0.1");
