# PORT is not looked at.
import http.server

http.server.HTTPServer(("0.0.0.0", 0), http.server.SimpleHTTPRequestHandler).serve_forever()
