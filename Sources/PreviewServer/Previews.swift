package import PreviewCore

/// What the server needs of the program around it: previews by session id, each of them there for
/// one user alone. A session of somebody else is as unknown as one that never was.
///
/// `user` is a named user, or `nil` for the server's default one (SPEC section 2).
package protocol Previews: Sendable {
    /// What a page is about that does not say it.
    func suggestion() async throws -> SessionWish

    /// The recorded session of a preview, or a new one; runs no step.
    ///
    /// - Throws: ``Failure``, or `ConfigProblems` for the server's own configuration.
    func open(
        _ wish: SessionWish, for user: String?
    ) async throws -> (session: Session, isNew: Bool)

    /// A session by its id.
    ///
    /// - Throws: ``ErrorCode/nothingRecorded`` for one that is unknown or another user's.
    func session(_ id: String, of user: String?) async throws -> Session

    /// All sessions of a user, newest first.
    func sessions(of user: String?) async throws -> [Session]

    /// What each step would do now. Changes nothing.
    func plan(_ id: String, of user: String?) async throws -> Plan

    /// What the machine does now; `nil` while there is none.
    func machine(_ id: String, of user: String?) async throws -> MachineStatus?

    /// Runs one step, as the command line would. Cancelling the task ends it as Ctrl-C does there.
    func apply(
        _ step: StepID, to id: String, of user: String?, approver: any Approver
    ) async throws

    /// Marks the session as cancelled; whoever runs a step of it stops at the next save.
    func cancel(_ id: String, of user: String?) async throws

    /// Undoes the steps in reverse; gives the names of what was taken away.
    func destroy(_ id: String, of user: String?) async throws

    /// Starts, stops or restarts the machine.
    func change(_ id: String, of user: String?, by verb: MachineVerb) async throws

    /// The log of a preview, to be read from now on without asking whose it is.
    func log(_ id: String, of user: String?) async throws -> PreviewLog
}

/// Which preview a call asks for.
package struct SessionWish: Hashable, Sendable {
    /// The project's name.
    package var project: String
    /// The repository's address, as it came.
    package var repository: String
    /// The branch by name.
    package var branch: String

    package init(project: String, repository: String, branch: String) {
        self.project = project
        self.repository = repository
        self.branch = branch
    }
}

/// What can be done to a machine that is there.
package enum MachineVerb: String, CaseIterable, Sendable {
    case start, stop, restart
}

/// A preview's log, as it stands and grows.
package struct PreviewLog: Sendable {
    /// The log from a byte on, a part of bounded size at a time.
    package var read: @Sendable (_ offset: Int) throws -> EventPart
    /// Differs from what it was whenever the log or the record may have changed. Costs little.
    package var mark: @Sendable () throws -> PreviewMark

    package init(
        read: @escaping @Sendable (_ offset: Int) throws -> EventPart,
        mark: @escaping @Sendable () throws -> PreviewMark
    ) {
        self.read = read
        self.mark = mark
    }
}

/// Some lines of a preview's log.
package struct EventPart: Hashable, Sendable {
    /// One event: its number in the log and its JSON, on one line.
    package struct Line: Hashable, Sendable {
        /// The number of the event, from 1 and without a gap.
        package var seq: Int
        /// The event as one line of JSON.
        package var json: [UInt8]

        package init(seq: Int, json: [UInt8]) {
            self.seq = seq
            self.json = json
        }
    }

    /// The events in the order of their numbers.
    package var lines: [Line]
    /// The byte to go on from; where it started when there is nothing more for now.
    package var next: Int

    package init(lines: [Line], next: Int) {
        self.lines = lines
        self.next = next
    }
}

/// How far a preview's log and record are.
package struct PreviewMark: Hashable, Sendable {
    /// Length of the log in bytes.
    package var log: Int
    /// Something that is another one after each save.
    package var record: String

    package init(log: Int, record: String) {
        self.log = log
        self.record = record
    }
}
