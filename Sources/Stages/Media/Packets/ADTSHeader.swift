/// What stands before each AAC packet in streams without a container of their own (ISO/IEC 13818-7, 6.2).
struct ADTSHeader {
  /// In bytes.
  let length: Int
  /// What MP4 says of the track instead (ISO/IEC 14496-3, AudioSpecificConfig).
  let configuration: [UInt8]

  init?(_ bytes: UnsafeRawBufferPointer) {
    // SAFETY: seven bytes are read, which are there.
    guard bytes.count >= 7, unsafe bytes[0] == 0xFF, unsafe bytes[1] & 0xF6 == 0xF0 else { return nil }
    length = unsafe bytes[1] & 1 == 0 ? 9 : 7
    let profile = unsafe bytes[2] >> 6, rate = unsafe (bytes[2] >> 2) & 15
    let channels = unsafe (bytes[2] & 1) << 2 | bytes[3] >> 6
    guard rate < 13, channels > 0, bytes.count > length else { return nil }
    configuration = Self.configuration(object: profile + 1, rate: rate, channels: channels)
  }

  private static let rates = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
  ]

  /// What MP4 says of AAC's usual profile; nil for other rates and numbers of channels.
  static func configuration(sampleRate: Int, channels: Int) -> [UInt8]? {
    guard let rate = rates.firstIndex(of: sampleRate), (1...6).contains(channels) else { return nil }
    return configuration(object: 2, rate: UInt8(rate), channels: UInt8(channels))
  }

  private static func configuration(object: UInt8, rate: UInt8, channels: UInt8) -> [UInt8] {
    [object << 3 | rate >> 1, (rate & 1) << 7 | channels << 3]
  }
}
