import Glibc

extension Descriptor {
    /// Everything up to the end of a pipe or socket; blocks until then.
    package func readToEnd() throws(FileFailure) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = repeatingInterrupted { read(number, &chunk, chunk.count) }
            if count < 0 { throw FileFailure(.read, "a pipe", error: errno) }
            if count == 0 { return content }
            content += chunk[..<count]
        }
    }

    /// Writes all of `bytes` to a pipe or socket; blocks until they are taken.
    package func write(_ bytes: [UInt8]) throws(FileFailure) {
        if let error = writeAll(bytes, to: number) {
            throw FileFailure(.write, "a pipe", error: error)
        }
    }
}
