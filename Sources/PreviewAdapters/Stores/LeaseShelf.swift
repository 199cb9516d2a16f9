package import PreviewCore

/// Where the leases of a store are kept: one record an app with compare-and-swap, and a clock that
/// all who share the store see.
///
/// All functions throw ``Failure`` with a code of the PV05 group.
package protocol LeaseShelf: Sendable {
    /// The record of an app's lock, and the shelf's time while it was looked at.
    func look(_ app: String) async throws -> LeaseView
    /// Writes a record in the place of the version seen, or creates it when none was seen; false,
    /// with nothing changed, when what is there is another.
    func put(
        _ record: LeaseRecord, of app: String, replacing version: StoreVersion?
    ) async throws -> Bool
    /// Takes the record away whose version was seen. Where a shelf cannot make that a condition, it
    /// may take away another: it is only called while nobody may have put one.
    func clear(_ app: String, seen version: StoreVersion) async throws
}

/// What a shelf holds for an app.
package struct LeaseView: Hashable, Sendable {
    /// `nil` when nobody has the lock.
    package var record: LeaseRecord?
    /// What replaces exactly this record; `nil` when there is none.
    package var version: StoreVersion?
    /// The shelf's own clock, not earlier than the question.
    package var now: Timestamp

    package init(record: LeaseRecord?, version: StoreVersion?, now: Timestamp) {
        self.record = record
        self.version = version
        self.now = now
    }
}

/// Who has a lock, and until when unless it is renewed.
package struct LeaseRecord: Hashable, Sendable, Codable {
    /// Whom to show to those who wait.
    package var holder: LockHolder
    /// Random, another for each time that a lock is taken: tells one's own lease from any other.
    package var token: String
    /// By the shelf's clock.
    package var expires: Timestamp
    /// How often it was renewed, so that no two records are alike.
    package var renewals = 0

    package init(holder: LockHolder, token: String, expires: Timestamp) {
        self.holder = holder
        self.token = token
        self.expires = expires
    }
}

/// How long leases last.
package struct LeaseTiming: Hashable, Sendable {
    /// From one renewal on; a killed holder blocks others for so long, and ``grace``.
    package var length: Duration
    /// The pause between renewals: a third of the length leaves two more tries.
    package var renewal: Duration
    /// What others wait beyond the end, for clocks of the shelf's own that differ.
    package var grace: Duration
    /// The longest pause between two looks of one who waits.
    package var poll: Duration

    package init(
        length: Duration = .seconds(60), renewal: Duration = .seconds(20),
        grace: Duration = .seconds(5), poll: Duration = .seconds(2)
    ) {
        self.length = length
        self.renewal = renewal
        self.grace = grace
        self.poll = poll
    }
}
