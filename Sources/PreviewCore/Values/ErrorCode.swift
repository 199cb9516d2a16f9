/// Every error this program can report, by its stable code. `preview explain CODE` shows the texts
/// of ``explanation``; the numbers are a contract and are never reused.
package enum ErrorCode: String, CaseIterable, Codable, Sendable {
    // Configuration
    case configNotFound = "PV0101"
    case yamlSyntax = "PV0102"
    case unknownRegion = "PV0103"
    case unknownKey = "PV0104"
    case wrongType = "PV0105"
    case invalidValue = "PV0106"
    case missingKey = "PV0107"
    case duplicateKey = "PV0108"
    case unsetVariable = "PV0109"
    case documentLimit = "PV0110"
    case invalidRepositoryAddress = "PV0111"
    case providerUnavailable = "PV0112"
    case otherToolsFile = "PV0113"

    // Repository
    case repositoryNotFound = "PV0201"
    case repositoryPermission = "PV0202"
    case branchNotFound = "PV0203"
    case repositoryUnreachable = "PV0204"
    case gitMissing = "PV0206"
    case commitMissing = "PV0207"
    case detachedHead = "PV0208"
    case repositoryEmpty = "PV0209"
    case pathNotFound = "PV0210"
    case projectUnknown = "PV0211"
    case scriptMissing = "PV0212"
    case gitFailed = "PV0213"

    // Machine
    case allocationFailed = "PV0301"
    case noFreePort = "PV0302"
    case foreignObject = "PV0303"
    case machineGone = "PV0304"
    case otherHost = "PV0306"
    case otherProvider = "PV0307"

    // Settings
    case settingsFailed = "PV0401"
    case secretMissing = "PV0402"
    case environmentFile = "PV0403"

    // Boot
    case cloneFailed = "PV0410"
    case installFailed = "PV0411"
    case appEnded = "PV0412"
    case buildFailed = "PV0413"
    case neverListened = "PV0414"
    case wrongPort = "PV0415"
    case serverError = "PV0417"
    case redirectLoop = "PV0418"
    case noAnswer = "PV0419"
    case startCommandMissing = "PV0420"
    case wentToBackground = "PV0421"
    case wrongCommit = "PV0422"
    case endedAfterAnswer = "PV0423"
    case cloneTimeout = "PV0424"
    case installTimeout = "PV0425"
    case buildTimeout = "PV0426"
    case supervisorLost = "PV0427"
    case bootInterrupted = "PV0428"
    case commandNotFound = "PV0429"

    // State
    case stateDamaged = "PV0501"
    case stateNewer = "PV0502"
    case stateForeign = "PV0503"
    case locked = "PV0504"
    case writeConflict = "PV0505"
    case cannotWrite = "PV0506"
    case nothingRecorded = "PV0507"
    case unsafeFolder = "PV0508"
    case cannotRead = "PV0509"
    case nothingToRestore = "PV0510"
    case storeUnavailable = "PV0511"
    case holderAlive = "PV0512"
    case ambiguousPreview = "PV0513"

    // Planning and applying
    case stepOrder = "PV0601"
    case declined = "PV0602"
    case nobodyToAsk = "PV0603"
    case stalePlan = "PV0604"
    case tooManyPreviews = "PV0605"
    case planUnreadable = "PV0607"
    case sessionCancelled = "PV0608"
    case leftovers = "PV0609"
    case planKeepsMoving = "PV0610"
    case destroyedMeanwhile = "PV0611"
    case hookFailed = "PV0612"

    // Use of the program
    case usage = "PV0701"
    case interrupted = "PV0702"
    case timedOut = "PV0703"

    // The server
    case tokenWrong = "PV0801"
    case foreignRequest = "PV0802"
    case repositoryNotAllowed = "PV0803"
    case tooManyRequests = "PV0804"
    case badRequest = "PV0805"
    case noSuchPage = "PV0806"
    case serverMissing = "PV0807"
    case cannotListen = "PV0808"
    case serverStopping = "PV0809"
    case tokenUnknown = "PV0810"

    // The program itself
    case internalError = "PV0900"
}
