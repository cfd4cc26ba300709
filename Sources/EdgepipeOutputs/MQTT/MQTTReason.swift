/// Reason codes of MQTT 5 (section 2.4) that are answered differently from others.
enum MQTTReason {
  static let firstFailure: Int32 = 0x80
  static let badUserOrPassword: Int32 = 0x86
  static let notAuthorized: Int32 = 0x87
  static let sessionTakenOver: Int32 = 0x8E
  static let packetIdentifierInUse: Int32 = 0x91
  static let packetTooLarge: Int32 = 0x95
  static let quotaExceeded: Int32 = 0x97

  /// CONNACK of 3.1.1: wrong user or password, not authorized.
  private static let oldRefusals: Set<Int32> = [4, 5]

  /// Whether the broker refuses who we say we are; asking again soon could lock the user out.
  static func isRefusedUser(_ code: Int32) -> Bool {
    oldRefusals.contains(code) || code == badUserOrPassword || code == notAuthorized
  }

  /// Whether the broker takes the same message at another time.
  static func isTemporary(_ code: Int32) -> Bool { code == packetIdentifierInUse || code == quotaExceeded }
}
