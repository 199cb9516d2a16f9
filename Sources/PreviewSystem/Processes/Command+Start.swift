import CPreviewSystem
import Glibc

extension Command {
    /// Where a process that is not waited for lives.
    package enum Placement: Sendable {
        /// In a session of its own, which no terminal or group signal of this one reaches.
        case ownSession
        /// In a process group of its own in this session.
        case ownGroup
    }

    /// Starts the command and returns at once; it goes on when this process ends.
    ///
    /// It gets `input`, `output` and `errorOutput` as 0, 1 and 2 (nil: /dev/null), `passing` as 3
    /// and up, and no other descriptor; an empty signal mask and default signal dispositions.
    package func start(
        _ placement: Placement,
        input: Descriptor? = nil,
        output: Descriptor? = nil,
        errorOutput: Descriptor? = nil,
        passing: [Descriptor] = []
    ) throws(ProcessFailure) -> ProcessIdentity {
        if let directory, access(directory, X_OK) != 0 { throw .directoryUnusable(directory) }
        let arguments = CStringArray([program] + self.arguments)
        let environment = CStringArray(self.environment.map { "\($0.key)=\($0.value)" })
        let owned = [input, output, errorOutput] + passing
        let numbers = owned.map { $0?.number ?? -1 }
        var pid: pid_t = 0
        return try Children.identifying { () throws(ProcessFailure) in
            let error = withOptionalCString(directory) { directory in
                program.withCString { program in
                    numbers.withUnsafeBufferPointer { numbers in
                        var request = cps_spawn_request(
                            program: program,
                            arguments: arguments.pointers,
                            environment: environment.pointers,
                            directory: directory,
                            placement: placement == .ownSession
                                ? CPS_OWN_SESSION : CPS_OWN_GROUP,
                            descriptors: numbers.baseAddress,
                            descriptor_count: numbers.count
                        )
                        return cps_spawn(&request, &pid)
                    }
                }
            }
            withExtendedLifetime((owned, arguments, environment)) {}
            switch error {
            case 0: break
            case ENOENT, EACCES, ENOTDIR: throw .programNotFound(program)
            default: throw .notStarted(program: program, error: error)
            }
            guard let identity = ProcessIdentity(pid: pid) else {
                throw .lost(program: program)
            }
            return identity
        }
    }
}

/// A null-terminated array of C strings, as exec(3) takes it.
final class CStringArray {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count + 1
        pointers = .allocate(capacity: count)
        for (index, string) in strings.enumerated() {
            (pointers + index).initialize(to: strdup(string))
        }
        (pointers + strings.count).initialize(to: nil)
    }

    /// Hands the strings over as an array of `const char *`, without counting the final null.
    func withConstantPointers<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, Int) -> Result
    ) -> Result {
        pointers.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: count) {
            body($0, count - 1)
        }
    }

    deinit {
        for index in 0..<count {
            free(pointers[index])
        }
        pointers.deallocate()
    }
}

func withOptionalCString<Result>(
    _ string: String?,
    _ body: (UnsafePointer<CChar>?) -> Result
) -> Result {
    guard let string else { return body(nil) }
    return string.withCString { body($0) }
}
