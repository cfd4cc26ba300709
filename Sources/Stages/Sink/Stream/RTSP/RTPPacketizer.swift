import EdgepipeCore

/// H.264 as RTP packets (RFC 6184: single NAL units and FU-A), each behind the four bytes with which RTSP carries it over
/// its own connection.
struct RTPPacketizer {
  static let payloadType: UInt8 = 96
  /// Bytes of H.264 in a packet.
  static let maximumPayload = 1400
  /// What the sender is called in its reports.
  private static let name = "edgepipe"

  private let source: UInt32
  private let firstStamp: UInt32
  private var sequence: UInt16
  private var packets: UInt32 = 0
  private var octets: UInt32 = 0

  init(using random: inout some RandomNumberGenerator) {
    source = random.next()
    firstStamp = random.next()
    sequence = random.next()
  }

  /// Adds one picture's NAL units to what is sent on channel 0.
  ///
  /// - Parameters:
  ///   - before: units that go in front, such as parameter sets.
  ///   - ticks: in 1/90000 s from the first picture.
  mutating func add(_ before: [[UInt8]], _ picture: Span<UInt8>, ticks: Int64, to bytes: inout [UInt8]) {
    let units = AnnexB.units(of: picture)
    bytes.reserveCapacity(bytes.count + picture.count + picture.count / 64 + 256)
    for unit in before { add(unit.span, 0..<unit.count, isLast: false, ticks: ticks, to: &bytes) }
    for (index, unit) in units.enumerated() {
      add(picture, unit, isLast: index == units.count - 1, ticks: ticks, to: &bytes)
    }
  }

  private mutating func add(
    _ data: Span<UInt8>, _ unit: Range<Int>, isLast: Bool, ticks: Int64, to bytes: inout [UInt8]
  ) {
    guard unit.count > Self.maximumPayload else {
      begin(payload: unit.count, isMarked: isLast, ticks: ticks, to: &bytes)
      Self.put(data, unit, to: &bytes)
      return
    }
    let header = data[unit.lowerBound]
    var position = unit.lowerBound + 1
    while position < unit.upperBound {
      let end = min(unit.upperBound, position + Self.maximumPayload - 2)
      let isFirst = position == unit.lowerBound + 1, isEnd = end == unit.upperBound
      begin(payload: end - position + 2, isMarked: isLast && isEnd, ticks: ticks, to: &bytes)
      bytes.append(header & 0xE0 | 28)
      bytes.append((isFirst ? 0x80 : 0) | (isEnd ? 0x40 : 0) | header & 31)
      Self.put(data, position..<end, to: &bytes)
      position = end
    }
  }

  private mutating func begin(payload: Int, isMarked: Bool, ticks: Int64, to bytes: inout [UInt8]) {
    Self.frame(channel: 0, 12 + payload, to: &bytes)
    bytes += [0x80, Self.payloadType | (isMarked ? 0x80 : 0)]
    Self.put(sequence, to: &bytes)
    Self.put(stamp(ticks), to: &bytes)
    Self.put(source, to: &bytes)
    sequence &+= 1
    packets &+= 1
    octets &+= UInt32(truncatingIfNeeded: payload)
  }

  /// Adds a sender's report (RFC 3550) on channel 1: at which wall-clock time the picture with these ticks was taken.
  func addReport(ticks: Int64, wall: WallTime, to bytes: inout [UInt8]) {
    let text = Array(Self.name.utf8)
    // Source, type, length and text, then one zero or more up to a whole number of words.
    let chunk = (4 + 2 + text.count) / 4 * 4 + 4
    Self.frame(channel: 1, 28 + 4 + chunk, to: &bytes)
    bytes += [0x80, 200, 0, 6]
    Self.put(source, to: &bytes)
    // From 1900 on, in seconds and their 2^32nd parts.
    let nanoseconds = max(0, wall.nanoseconds), seconds = nanoseconds / 1_000_000_000
    Self.put(UInt32(truncatingIfNeeded: seconds &+ 2_208_988_800), to: &bytes)
    Self.put(UInt32(truncatingIfNeeded: (nanoseconds % 1_000_000_000) << 32 / 1_000_000_000), to: &bytes)
    for value in [stamp(ticks), packets, octets] { Self.put(value, to: &bytes) }
    bytes += [0x81, 202, 0, UInt8(truncatingIfNeeded: chunk / 4)]
    Self.put(source, to: &bytes)
    bytes += [1, UInt8(truncatingIfNeeded: text.count)] + text
    bytes += [UInt8](repeating: 0, count: chunk - 6 - text.count)
  }

  private func stamp(_ ticks: Int64) -> UInt32 { firstStamp &+ UInt32(truncatingIfNeeded: ticks) }

  private static func frame(channel: UInt8, _ count: Int, to bytes: inout [UInt8]) {
    bytes += [UInt8(ascii: "$"), channel]
    put(UInt16(truncatingIfNeeded: count), to: &bytes)
  }

  private static func put(_ data: Span<UInt8>, _ range: Range<Int>, to bytes: inout [UInt8]) {
    // SAFETY: the buffer is only read, during the call.
    unsafe data.extracting(range).withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
  }

  private static func put(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
