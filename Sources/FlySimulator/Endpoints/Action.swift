/// What a call does, as rate limits count it (reference, section 1.7). Where the reference names one
/// action for several methods, as with leases, they share it.
enum Action: String, Sendable {
    case createApp, getApp, listApps, deleteApp, createDeployToken
    case listAddresses, assignAddress, releaseAddress
    case listSecrets, updateSecrets, getSecret, setSecret, deleteSecret
    case createMachine, listMachines, getMachine, updateMachine, deleteMachine
    case start, stop, suspend, restart, signal, wait, exec, listProcesses
    case lease, cordon, uncordon, listEvents, listVersions, memory
    case getMetadata, updateMetadata
    case listVolumes, createVolume, getVolume, deleteVolume
    case listRegions, getPlacements, getToken, listOrganizationMachines
    case graphQL, readLogs
}
