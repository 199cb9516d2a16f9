require "socket"

server = TCPServer.new(ENV.fetch("HOST"), ENV.fetch("PORT").to_i)
body = "hello from ruby\n"
loop do
  Thread.start(server.accept) do |client|
    head = client.gets("\r\n\r\n").to_s
    client.write("HTTP/1.1 200 OK\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n")
    client.write(body) unless head.start_with?("HEAD ")
    client.close
  end
end
