import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Stages

@Suite("Live output: RTP")
struct RTPTests {
  private func units(_ bytes: [UInt8]) -> [[UInt8]] { AnnexB.units(of: bytes.span).map { Array(bytes[$0]) } }

  @Test("given units behind start codes of either length, when they are parted, then each is whole")
  func annexB() {
    #expect(
      units([0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 0, 3, 9]) == [
        [0x67, 1], [0x68, 2], [0x65, 0, 3, 9],
      ])
    #expect(
      units([]) == [] && units([0, 0, 1]) == [] && units([1, 2, 3]) == [] && units([0, 0, 0, 1, 0, 0, 1, 5]) == [[5]])
    #expect(units([0, 0, 1, 5, 0, 0]) == [[5]])
  }

  /// A packet as it is on the connection.
  private struct Packet {
    var channel: UInt8
    var bytes: [UInt8]
    var marker: Bool { bytes[1] & 0x80 != 0 }
    var sequence: Int { Int(bytes[2]) << 8 | Int(bytes[3]) }
    var stamp: UInt32 { RTPTests.number(bytes[4..<8]) }
    var payload: [UInt8] { Array(bytes[12...]) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

  private func packets(_ bytes: [UInt8]) throws -> [Packet] {
    var found: [Packet] = [], rest = bytes[...]
    while !rest.isEmpty {
      let head = Array(rest.prefix(4))
      try #require(head.count == 4 && head[0] == UInt8(ascii: "$"))
      let count = Int(head[2]) << 8 | Int(head[3])
      rest = rest.dropFirst(4)
      try #require(rest.count >= count)
      found.append(Packet(channel: head[1], bytes: Array(rest.prefix(count))))
      rest = rest.dropFirst(count)
    }
    return found
  }

  /// The units that a receiver puts together.
  private func received(_ packets: [Packet]) -> [[UInt8]] {
    var units: [[UInt8]] = []
    for payload in packets.map(\.payload) {
      if payload[0] & 31 != 28 {
        units.append(payload)
      } else if payload[1] & 0x80 != 0 {
        units.append([payload[0] & 0xE0 | payload[1] & 31] + payload[2...])
      } else {
        units[units.count - 1] += payload[2...]
      }
    }
    return units
  }

  @Test(
    "given pictures of any size, when they are put into packets, then a receiver puts the same together",
    arguments: [1, 2, 1399, 1400, 1401, 1402, 2797, 2798, 2799, 100_000])
  func roundTrip(size: Int) throws {
    var random = SinkFixture.Random(seed: UInt64(size))
    var packetizer = RTPPacketizer(using: &random)
    let sets: [[UInt8]] = [[0x67, 1, 2, 3], [0x68, 4]]
    // No zeros: those behind a unit are no part of it.
    let slices: [[UInt8]] = (0..<2).map { _ in
      [0x65] + (1..<size).map { _ in UInt8.random(in: 1...255, using: &random) }
    }
    var bytes: [UInt8] = []
    let picture: [UInt8] = slices.flatMap { [0, 0, 0, 1] + $0 }
    packetizer.add(sets, picture.span, ticks: 0, to: &bytes)
    let first = try packets(bytes)
    #expect(received(first) == sets + slices)
    #expect(first.allSatisfy { $0.channel == 0 && $0.payload.count <= RTPPacketizer.maximumPayload })
    #expect(first.map(\.marker) == Array(repeating: false, count: first.count - 1) + [true])
    bytes = []
    packetizer.add([], picture.span, ticks: 3600, to: &bytes)
    let second = try packets(bytes)
    let numbers = (first + second).map(\.sequence)
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { ($0 + 1) % 65_536 == $1 })
    #expect(second[0].stamp &- first[0].stamp == 3600)
  }

  @Test("given a picture's wall-clock time, when it is reported, then a receiver can tell it from the time stamp")
  func report() throws {
    var random = SinkFixture.Random(seed: 1)
    var packetizer = RTPPacketizer(using: &random)
    var bytes: [UInt8] = []
    let picture: [UInt8] = [0, 0, 1, 0x65, 9]
    packetizer.add([], picture.span, ticks: 90_000, to: &bytes)
    packetizer.addReport(ticks: 90_000, wall: WallTime(nanoseconds: 1_500_000_000), to: &bytes)
    let both = try packets(bytes)
    try #require(both.count == 2)
    let report = both[1].bytes
    #expect(both[1].channel == 1 && report[1] == 200 && Array(report[4..<8]) == Array(both[0].bytes[8..<12]))
    #expect(Self.number(report[8..<12]) == 2_208_988_801 && Self.number(report[12..<16]) == 1 << 31)
    #expect(Self.number(report[16..<20]) == both[0].stamp)
    #expect(Self.number(report[20..<24]) == 1 && Self.number(report[24..<28]) == 2)
    // The source's name, up to a whole number of words.
    #expect(report[29] == 202 && report.count == 28 + 4 + 4 * Int(report[31]) && report.last == 0)
    #expect(Array(report[38..<46]) == Array("edgepipe".utf8))
  }
}
