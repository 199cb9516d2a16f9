import PreviewServer
@main struct ServerMain { static func main() {} }
