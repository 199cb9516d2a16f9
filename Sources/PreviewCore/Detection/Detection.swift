/// Placeholder until branch `detection` lands.
package struct Detection: Hashable, Sendable {}
