import Glibc

extension EventLoop {
    /// Runs asynchronous work off the loop and hands its value to `then` inside a wait.
    ///
    /// Cancelling the returned task asks the work to end; `then` is called all the same.
    @discardableResult
    package func run<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value,
        then: @escaping (Value) -> Void
    ) throws(FileFailure) -> Task<Void, Never> {
        let (reader, writer) = try Descriptor.makePipe()
        let result = Locked<Value?>(nil)
        let stream = ByteStream(reader, on: self)
        stream.start(
            receiving: { _ in },
            ending: { [unowned stream] _ in
                stream.close()
                if let value = result.withLock({ $0 }) { then(value) }
            }
        )
        return Task {
            let value = await work()
            result.withLock { $0 = value }
            // The end of the pipe is the message: the writer goes with this task.
            withExtendedLifetime(writer) {}
        }
    }
}
